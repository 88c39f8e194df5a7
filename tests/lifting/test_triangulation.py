"""Triangulation: three writings of one least-squares problem agree, and exact views are exact."""

import numpy as np
import pytest
import torch

from m2t3.lifting.rig import VIEWS, project, view_axes
from m2t3.lifting.triangulation import triangulate, triangulate_compiled

RNG = np.random.default_rng(6)
B, J = 5, 17
AXES, CENTERS_M = view_axes(RNG.uniform(1, 9, B), RNG.uniform(0.4, 4, B))
POINTS_M = RNG.normal(0, 0.6, (B, J, 3)) + np.array([0, 0, 1])
EXACT_UV = project(POINTS_M, AXES, CENTERS_M)
NOISY_UV = EXACT_UV + RNG.normal(0, 0.02, EXACT_UV.shape)
WEIGHT = RNG.uniform(0.05, 5, (B, VIEWS, J))


def least_squares(uv, weight):
    """The same by LAPACK, a point at a time."""
    points = np.empty((B, J, 3))
    for b, j in np.ndindex(B, J):
        normals = AXES[b, :, :2] - uv[b, :, j, :, None] * AXES[b, :, 2:]  # (V, 2, 3)
        root = np.sqrt(weight[b, :, j])[:, None]
        offsets = np.einsum("vri,vi->vr", normals, CENTERS_M[b])
        a, right = (root[..., None] * normals).reshape(-1, 3), (root * offsets).ravel()
        points[b, j] = np.linalg.lstsq(a, right, rcond=None)[0]
    return points


@pytest.mark.parametrize("method", [triangulate, triangulate_compiled])
def test_both_solve_the_least_squares_problem(method):
    found = method(NOISY_UV, WEIGHT, AXES, CENTERS_M)
    # 1e-4 m: the ridge pulls towards the anchor by about its size over the weights
    np.testing.assert_allclose(found, least_squares(NOISY_UV, WEIGHT), atol=1e-4)


def test_compiled_and_array_api_give_the_same_numbers():
    arguments = (NOISY_UV, WEIGHT, AXES, CENTERS_M)
    compiled = triangulate_compiled(*arguments)
    np.testing.assert_allclose(compiled, triangulate(*arguments), atol=1e-12)
    theirs = triangulate(*map(torch.from_numpy, arguments))
    np.testing.assert_allclose(compiled, theirs.numpy(), atol=1e-12)


def test_exact_views_give_exact_points_whatever_their_weights():
    found = triangulate_compiled(EXACT_UV, WEIGHT, AXES, CENTERS_M)
    np.testing.assert_allclose(found, POINTS_M, atol=1e-4)


def test_a_view_without_weight_is_not_heard_and_a_heavy_one_is_obeyed():
    wrong = EXACT_UV.copy()
    wrong[:, 2] += 0.3
    silent, heavy = np.ones_like(WEIGHT), np.ones_like(WEIGHT)
    silent[:, 2], heavy[:, 2] = 0.0, 1e4
    np.testing.assert_allclose(
        triangulate_compiled(wrong, silent, AXES, CENTERS_M), POINTS_M, atol=1e-4
    )
    obeyed = project(triangulate_compiled(wrong, heavy, AXES, CENTERS_M), AXES, CENTERS_M)
    np.testing.assert_allclose(obeyed[:, 2], wrong[:, 2], atol=1e-3)


def test_views_that_all_weigh_nothing_still_give_numbers():
    assert np.isfinite(triangulate_compiled(NOISY_UV, 0 * WEIGHT, AXES, CENTERS_M)).all()
    one = np.zeros_like(WEIGHT)
    one[:, 0] = 1e-3  # a single view: the ridge settles the depth
    assert np.isfinite(triangulate_compiled(NOISY_UV, one, AXES, CENTERS_M)).all()


def test_training_can_differentiate_it():
    uv = torch.from_numpy(NOISY_UV).requires_grad_()
    others = map(torch.from_numpy, (WEIGHT, AXES, CENTERS_M))
    triangulate(uv, *others).square().sum().backward()
    assert torch.isfinite(uv.grad).all()
    assert (uv.grad.abs() > 0).all()
