"""The kinematics are SMPL's, the derivatives are exact, and rotations go there and back."""

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation
from smplx import SMPL
from smplx.utils import Struct
from smplx.vertex_ids import vertex_ids

from m2t3.core.skeletons import SKELETONS, SMPL24
from m2t3.lifting.smpl.body import Figure, body_of, chain_of, posed
from m2t3.lifting.smpl.equations import normal_equations
from m2t3.lifting.smpl.evidence import Evidence
from m2t3.lifting.smpl.landmarks import FACE_M, LANDMARKS, correspondence
from m2t3.lifting.smpl.prior import pose_prior
from m2t3.lifting.smpl.rotations import exponential, log_jacobian, logarithm
from m2t3.lifting.smpl.solver import take_step

RNG = np.random.default_rng(3)


def test_joints_are_where_smplx_puts_them(content, person, joints_of, model):
    """The whole of SMPL's convention: unposed pelvis, order, and translation."""
    truth = person(seconds=1.0)
    reference = SMPL(  # which adds 1e-8 to angles
        "", data_struct=Struct(**content("smpl")), batch_size=len(truth.rotvec), num_betas=10,
        vertex_ids=dict.fromkeys(vertex_ids["smplh"], 0), dtype=torch.float64,
    )  # fmt: skip
    rotvec = torch.from_numpy(truth.rotvec.reshape(len(truth.rotvec), -1))
    answer = reference(
        betas=torch.from_numpy(truth.betas)[None].expand(len(rotvec), -1),
        global_orient=rotvec[:, :3], body_pose=rotvec[:, 3:],
        transl=torch.from_numpy(truth.trans_m),
    )  # fmt: skip
    joints_m = joints_of(model, truth.betas, truth.rotvec, truth.trans_m, SMPL24)
    np.testing.assert_allclose(joints_m, answer.joints[:, :24].detach().numpy(), atol=1e-7)


@pytest.mark.parametrize("length", [0.0, 1e-9, 1e-4, 0.1, 1.0, 3.0, np.pi - 1e-6])
def test_rotation_vectors_go_there_and_back(length):
    for axis in RNG.normal(size=(20, 3)):
        theta = length * axis / np.linalg.norm(axis)
        R = exponential(theta)
        np.testing.assert_allclose(R, Rotation.from_rotvec(theta).as_matrix(), atol=1e-12)
        np.testing.assert_allclose(logarithm(R), theta, atol=1e-8)


def test_the_logarithm_changes_as_its_jacobian_says():
    for theta in RNG.normal(size=(20, 3)):
        A = log_jacobian(theta)
        for i, nudge in enumerate(1e-6 * np.eye(3)):
            up, down = (logarithm(exponential(theta) @ exponential(s * nudge)) for s in (1, -1))
            np.testing.assert_allclose((up - down) / 2e-6, A[:, i], atol=1e-6)


@pytest.mark.parametrize("skeleton", SKELETONS.values(), ids=SKELETONS)
def test_the_slope_is_that_of_the_cost(skeleton, model):
    """Pelvis, turns and shape, with hinges overbent, robust weights and uneven precisions."""
    points, prior = correspondence(skeleton), pose_prior()
    chain = chain_of(points)
    R = np.stack([exponential(theta) for theta in RNG.normal(0, 0.6, (24, 3))])
    pelvis_m, betas = RNG.normal(size=3), RNG.normal(size=10)
    count = skeleton.joint_count
    root = RNG.normal(size=(count, 3, 3))
    precision = 100.0 * root @ root.transpose(0, 2, 1) + 2000.0 * np.eye(3)
    precision[0] = 0.0
    evidence = Evidence(pelvis_m + RNG.normal(0, 0.5, (count, 3)), precision)
    unknowns = 3 + 3 * len(points.turning) + len(betas)
    H, g = np.empty((unknowns, unknowns)), np.empty(unknowns)

    def cost(step):
        turned, moved = R.copy(), pelvis_m.copy()
        take_step(turned, moved, chain, -step)
        body = body_of(model, betas + step[unknowns - len(betas) :], free=True)
        # the offsets of toes and heels follow the shape, which the slope leaves out
        body = body._replace(offsets_m=body_of(model, betas).offsets_m)
        figure = Figure(body, chain, prior)
        return normal_equations(turned, moved, figure, evidence, 5.0, H.copy(), g.copy())

    figure = Figure(body_of(model, betas, free=True), chain, prior)
    normal_equations(R, pelvis_m, figure, evidence, 5.0, H, g)
    slope = [(cost(e) - cost(-e)) / 2e-6 for e in 1e-6 * np.eye(unknowns)]
    np.testing.assert_allclose(2 * g, slope, atol=1e-4 * np.abs(g).max())
    assert (np.linalg.eigvalsh(np.tril(H) + np.tril(H, -1).T) > -1e-6).all()


def test_landmarks_are_at_their_places_in_the_carriers_frames(model):
    """The face in the head's frame; soles level, toes ahead and heels behind, of a T-pose."""
    R = np.tile(np.eye(3), (24, 1, 1))
    body = body_of(model, np.zeros(10))
    points, _ = posed(R, body.rest_m[0], body, chain_of(correspondence(SMPL24)).carriers)
    at = dict(zip(LANDMARKS, points, strict=True))
    for name, place in FACE_M.items():
        np.testing.assert_allclose(at[name] - at["head"], place)
    for side, outward in (("left", 1), ("right", -1)):
        toe, little, heel, foot, ankle = (
            at[f"{side}_{n}"] for n in ("big_toe", "small_toe", "heel", "foot", "ankle")
        )
        np.testing.assert_allclose([toe[1], little[1], heel[1]], foot[1])
        assert toe[2] > little[2] > foot[2] > ankle[2] > heel[2]
        assert outward * (little[0] - toe[0]) > 0.03
