"""Body size: a session's belief grows firmer, a typed height is where it starts."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from m2t3.core.errors import M2t3Error
from m2t3.core.skeletons import COCO17
from m2t3.lifting.anchor import canonical_body
from m2t3.lifting.body_size import STANDARD_HEIGHT_M, UNKNOWN, SizeBelief, log_size, size_features


def test_the_canonical_body_is_the_standard():
    side_up = canonical_body(COCO17)
    body = np.concatenate([np.zeros((COCO17.joint_count, 1)), side_up], axis=1)
    assert abs(log_size(body, COCO17)) < 0.02
    np.testing.assert_allclose(log_size(body * 1.1, COCO17) - log_size(body, COCO17), math.log(1.1))


def test_a_typed_height_is_a_firm_belief_of_the_right_size():
    belief = SizeBelief.of_height(1.1 * STANDARD_HEIGHT_M)
    assert belief.log_size == pytest.approx(math.log(1.1))
    assert belief.sigma < UNKNOWN / 2


def test_a_typed_height_is_not_worn_down_by_the_session():
    belief = SizeBelief.of_height(1.5)
    assert belief.updated(belief.log_size - 0.02, 0.01) == belief
    assert SizeBelief().updated(-0.2, 0.01).log_size == -0.2


@pytest.mark.parametrize("height_m", [178.0, 0.0, -1.7, math.nan, math.inf])
def test_a_height_that_is_no_height_in_metres_is_refused(height_m):
    with pytest.raises(M2t3Error, match="metres"):
        SizeBelief.of_height(height_m)


def test_knowing_nothing_leaves_no_trace_and_firmness_shows():
    nothing = size_features(np.array([0.3, -0.3]), np.array([UNKNOWN, 2 * UNKNOWN]))
    np.testing.assert_array_equal(nothing, 0.0)
    tall, short = size_features(np.array([0.05, -0.05]), np.array([0.01, 0.01]))
    assert tall[0] == short[0] > 0.5
    assert tall[1] == -short[1] > 0.5


@given(st.lists(st.tuples(st.floats(), st.floats(allow_nan=True)), max_size=20))
def test_a_belief_only_grows_firmer_and_stays_a_number(answers):
    belief = SizeBelief()
    for log, sigma in answers:
        after = belief.updated(log, sigma)
        assert after.sigma <= belief.sigma
        assert math.isfinite(after.log_size)
        assert after.sigma > 0.0
        belief = after
