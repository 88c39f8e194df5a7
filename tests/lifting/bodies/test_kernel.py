"""The compiled fit is that of the sources as they are now, in all modules that it is made from."""

import numpy as np
import pytest

from m2t3.lifting.bodies import habits, kernel, rotations
from m2t3.lifting.bodies.aiming import Aim
from m2t3.lifting.bodies.standard import standard

RNG = np.random.default_rng(4)


@pytest.mark.parametrize("skeleton", ["coco17", "halpe26"])
def test_the_compiled_fit_does_what_its_sources_say(skeleton, monkeypatch):
    """If not: remove `lifting/bodies/__pycache__`; numba overlooks changes in another module."""
    known = standard(skeleton)
    joints_m = known.t_pose_m()
    joints_m += RNG.normal(0, 0.1, joints_m.shape) - (0, 0, 0.1)
    sure, aim = np.ones(len(joints_m)), Aim(known)
    aim.take(0.03, joints_m, known.joint_offsets_m, sure, np.array([0.9, 0.1]))
    last = np.repeat(np.eye(3)[None], len(known.parents), axis=0)

    def fitted():
        answer = np.array([0.1, 0.0, 0.8]), last.copy(), np.empty((len(last), 3)), last.copy()
        kernel.fit(known.parents, known.offsets_m, aim.points, known.habits, last, 3, *answer)
        return answer

    compiled = fitted()
    for module in (rotations, habits, kernel):
        for name, value in list(vars(module).items()):
            if hasattr(value, "py_func"):
                monkeypatch.setattr(module, name, value.py_func)
    for found, expected in zip(compiled, fitted(), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-9)
    assert np.abs(compiled[1] - last).max() > 0.1
