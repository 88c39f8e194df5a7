"""Triangulation: all writings of one least-squares problem agree, and exact views are exact.

The one for GPUs is tried in numba's CUDA simulator, which must be chosen before numba is imported:
there is a process for it, which answers what these tests ask.
"""

import os
import subprocess
import sys

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


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    """`triangulate_cuda` in the simulator."""
    code = """
import sys
import numpy as np
from m2t3.lifting.triangulation_cuda import triangulate_cuda

for path in map(str.strip, sys.stdin):
    with np.load(path) as given:
        np.save(path + ".npy", triangulate_cuda(*given.values()))
    print("done", flush=True)
"""
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, "NUMBA_ENABLE_CUDASIM": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    path = tmp_path_factory.mktemp("simulator") / "given.npz"

    def ask(*arguments):
        np.savez(path, *arguments)
        print(path, file=process.stdin, flush=True)
        assert process.stdout.readline() == "done\n"
        return np.load(f"{path}.npy")

    yield ask
    process.communicate()
    assert process.returncode == 0


@pytest.fixture(params=["arrays", "compiled", "cuda"])
def method(request):
    if request.param == "cuda":
        return request.getfixturevalue("simulated")
    return {"arrays": triangulate, "compiled": triangulate_compiled}[request.param]


def test_the_least_squares_problem_is_solved(method):
    found = method(NOISY_UV, WEIGHT, AXES, CENTERS_M)
    # 1e-4 m: the ridge pulls towards the anchor by about its size over the weights
    np.testing.assert_allclose(found, least_squares(NOISY_UV, WEIGHT), atol=1e-4)


def test_all_give_the_same_numbers(method):
    arguments = (NOISY_UV, WEIGHT, AXES, CENTERS_M)
    theirs = triangulate(*map(torch.from_numpy, arguments))
    np.testing.assert_allclose(method(*arguments), theirs.numpy(), atol=1e-12)


@pytest.mark.parametrize("batch", [0, 1, 40])
def test_people_and_frames_are_a_batch_of_any_size(method, batch):
    items = np.resize(np.arange(B), batch)
    found = method(NOISY_UV[items], WEIGHT[items], AXES[items], CENTERS_M[items])
    alone = triangulate_compiled(NOISY_UV, WEIGHT, AXES, CENTERS_M)
    np.testing.assert_allclose(found, alone[items], atol=1e-12)


def test_exact_views_give_exact_points_whatever_their_weights(method):
    found = method(EXACT_UV, WEIGHT, AXES, CENTERS_M)
    np.testing.assert_allclose(found, POINTS_M, atol=1e-4)


def test_a_view_without_weight_is_not_heard_and_a_heavy_one_is_obeyed(method):
    wrong = EXACT_UV.copy()
    wrong[:, 2] += 0.3
    silent, heavy = np.ones_like(WEIGHT), np.ones_like(WEIGHT)
    silent[:, 2], heavy[:, 2] = 0.0, 1e4
    np.testing.assert_allclose(method(wrong, silent, AXES, CENTERS_M), POINTS_M, atol=1e-4)
    obeyed = project(method(wrong, heavy, AXES, CENTERS_M), AXES, CENTERS_M)
    np.testing.assert_allclose(obeyed[:, 2], wrong[:, 2], atol=1e-3)


def test_views_that_all_weigh_nothing_still_give_numbers(method):
    assert np.isfinite(method(NOISY_UV, 0 * WEIGHT, AXES, CENTERS_M)).all()
    one = np.zeros_like(WEIGHT)
    one[:, 0] = 1e-3  # a single view: the ridge settles the depth
    assert np.isfinite(method(NOISY_UV, one, AXES, CENTERS_M)).all()


def test_training_can_differentiate_it():
    uv = torch.from_numpy(NOISY_UV).requires_grad_()
    others = map(torch.from_numpy, (WEIGHT, AXES, CENTERS_M))
    triangulate(uv, *others).square().sum().backward()
    assert torch.isfinite(uv.grad).all()
    assert (uv.grad.abs() > 0).all()


@pytest.mark.gpu
def test_a_real_gpu_gives_the_same_numbers():
    from m2t3.lifting.triangulation_cuda import triangulate_cuda

    arguments = (NOISY_UV, WEIGHT, AXES, CENTERS_M)
    np.testing.assert_allclose(
        triangulate_cuda(*arguments), triangulate_compiled(*arguments), atol=1e-12
    )
