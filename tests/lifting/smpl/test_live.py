"""Bodies as they come: near at once, of one shape after a while, and nothing but finite."""

import numpy as np

from m2t3.core.skeletons import COCO17
from m2t3.lifting.smpl.live import LiveFitter
from m2t3.lifting.smpl.shape import SETTLED_FRAMES

RNG = np.random.default_rng(7)
SURE, ALL = np.ones(17), np.ones(17, bool)


def off_mm(model, body, joints_m, joints_of):
    found_m = joints_of(model, body.betas, body.poses_rotvec[None], body.trans_m[None], COCO17)
    return 1000 * np.linalg.norm(found_m[0] - joints_m, axis=-1)


def test_a_known_body_is_followed_and_its_shape_settles(person, model, joints_of):
    truth = person(seconds=6.0)
    joints_m, fitter = truth.joints_m(COCO17), LiveFitter(model, COCO17)
    bodies = [fitter.fit(1, t / 30, frame, SURE, ALL) for t, frame in enumerate(joints_m)]
    errors_mm = np.stack(
        [off_mm(model, b, frame, joints_of) for b, frame in zip(bodies, joints_m, strict=True)]
    )
    assert errors_mm[0].mean() < 60  # the mean body in the first frame
    assert errors_mm[SETTLED_FRAMES:].max() < 10
    np.testing.assert_allclose([b.residual_m for b in bodies], errors_mm.mean(1) / 1000, atol=1e-9)
    assert [b.settled for b in bodies] == [t >= SETTLED_FRAMES for t in range(180)]
    settled = [b.betas for b in bodies[SETTLED_FRAMES:]]
    assert all((betas == settled[0]).all() for betas in settled)


def test_people_are_kept_apart_and_forgotten(person, model):
    small, tall = (person(seconds=5.0, betas=b * np.eye(10)[0]) for b in (-2.0, 2.0))
    fitter = LiveFitter(model, COCO17)
    for t in range(140):
        bodies = [
            fitter.fit(i, t / 30, who.joints_m(COCO17)[t], SURE, ALL)
            for i, who in enumerate((small, tall))
        ]
    assert bodies[0].betas[0] < -1.5
    assert bodies[1].betas[0] > 1.5
    fitter.forget(0)
    again = fitter.fit(0, 5.0, small.joints_m(COCO17)[140], SURE, ALL)
    assert not again.settled
    assert not again.betas.any()


def test_whoever_comes_back_elsewhere_is_found(person, model, joints_of):
    truth = person(seconds=5.0)
    joints_m, fitter = truth.joints_m(COCO17), LiveFitter(model, COCO17)
    for t in range(130):
        fitter.fit(1, t / 30, joints_m[t], SURE, ALL)
    turned_m = (joints_m[10] - joints_m[10].mean(0)) * (-1, -1, 1) + (3, 2, 1)  # half a turn
    for t_s in (130 / 30, 60.0):  # at once, and after a minute
        body = fitter.fit(1, t_s, turned_m, SURE, ALL)
        assert off_mm(model, body, turned_m, joints_of).max() < 15
        assert body.settled


def test_missing_and_mad_joints_give_a_body_or_nothing(person, model):
    joints_m, fitter = person(seconds=2.0).joints_m(COCO17), LiveFitter(model, COCO17)
    for t in range(20):
        fitter.fit(1, t / 30, joints_m[t], SURE, ALL)
    holes = joints_m[20].copy()
    holes[COCO17.index("left_wrist", "nose"), :] = np.nan
    body = fitter.fit(1, 20 / 30, holes, SURE, ALL)
    assert body.residual_m < 0.02
    trunkless = ALL.copy()
    trunkless[list(COCO17.index("left_hip"))] = False
    assert fitter.fit(1, 21 / 30, joints_m[21], SURE, trunkless) is None
    wild = joints_m[22] + RNG.normal(0, 3.0, (17, 3))
    assert np.isfinite(fitter.fit(1, 22 / 30, wild, SURE, ALL).poses_rotvec).all()
    assert np.isfinite(fitter.fit(1, 23 / 30, np.zeros((17, 3)), SURE, ALL).poses_rotvec).all()
    body = fitter.fit(1, 24 / 30, joints_m[24], SURE, ALL)
    assert body.residual_m < 0.02
