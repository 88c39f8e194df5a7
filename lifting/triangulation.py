"""Weighted triangulation by 3x3 normal equations: no SVD, so it is fast and differentiable.

Each view k that sees a point at normalised (u, v) gives two planes through its centre c_k with
normals n_u = x_k - u z_k and n_v = y_k - v z_k; the point X minimises
sum_k w_k ((n_u . (X - c_k))^2 + (n_v . (X - c_k))^2). The residuals are metres in the plane of the
point, so views at different distances weigh alike.

`triangulate` takes numpy arrays or torch tensors (training differentiates through it);
`triangulate_compiled` is the same in numba for the stream, `triangulation_cuda` for GPUs.
"""

import numba
import numpy as np
from array_api_compat import array_namespace
from jaxtyping import Float
from numpy.typing import NDArray

from ..core.compiling import compiled
from .arrays import Array

_RIDGE = 1e-6  # keeps the equations solvable when every weight is tiny


def triangulate(
    uv: Float[Array, "*#b v j 2"],
    weight: Float[Array, "*#b v j"],
    axes: Float[Array, "*#b v 3 3"],
    centers_m: Float[Array, "*#b v 3"],
) -> Float[Array, "*#b j 3"]:
    """Points that best explain what all views saw.

    Args:
        uv: normalised image coordinates in each view.
        weight: how much each view counts for each joint, >= 0.
        axes: each camera's x, y, z as rows; centers_m: their centres.

    Returns:
        Points in the cameras' common frame, metres.
    """
    xp = array_namespace(uv)
    x, y, z = (axes[..., :, None, i, :] for i in range(3))
    normals = xp.stack([x - uv[..., :1] * z, y - uv[..., 1:] * z], axis=-2)
    offsets = xp.sum(normals * centers_m[..., :, None, None, :], axis=-1)
    weighted = normals * weight[..., None, None]

    def summed(values: Array) -> Array:  # over views and the two planes of each
        return xp.sum(xp.sum(values, axis=-1), axis=-2)

    ridge = _RIDGE
    xx, yy, zz = (summed(weighted[..., i] * normals[..., i]) + ridge for i in range(3))
    xy, xz, yz = (summed(weighted[..., i] * normals[..., j]) for i, j in ((0, 1), (0, 2), (1, 2)))
    bx, by, bz = (summed(weighted[..., i] * offsets) for i in range(3))
    c_xx, c_xy, c_xz = yy * zz - yz * yz, xz * yz - xy * zz, xy * yz - xz * yy
    c_yy, c_yz, c_zz = xx * zz - xz * xz, xy * xz - xx * yz, xx * yy - xy * xy
    determinant = xx * c_xx + xy * c_xy + xz * c_xz
    solution = [
        c_xx * bx + c_xy * by + c_xz * bz,
        c_xy * bx + c_yy * by + c_yz * bz,
        c_xz * bx + c_yz * by + c_zz * bz,
    ]
    return xp.stack(solution, axis=-1) / determinant[..., None]


def solve_point(
    uv: NDArray, weight: NDArray, axes: NDArray, centers_m: NDArray, b: int, j: int
) -> tuple[float, float, float]:
    """Joint j of item b; plain scalars, so that one text compiles for CPUs and GPUs."""
    xx = yy = zz = _RIDGE
    xy = xz = yz = bx = by = bz = 0.0
    for k in range(uv.shape[1]):
        for row in range(2):
            p = uv[b, k, j, row]
            nx = axes[b, k, row, 0] - p * axes[b, k, 2, 0]
            ny = axes[b, k, row, 1] - p * axes[b, k, 2, 1]
            nz = axes[b, k, row, 2] - p * axes[b, k, 2, 2]
            offset = nx * centers_m[b, k, 0] + ny * centers_m[b, k, 1] + nz * centers_m[b, k, 2]
            w = weight[b, k, j]
            xx += w * nx * nx
            yy += w * ny * ny
            zz += w * nz * nz
            xy += w * nx * ny
            xz += w * nx * nz
            yz += w * ny * nz
            bx += w * nx * offset
            by += w * ny * offset
            bz += w * nz * offset
    c_xx, c_xy, c_xz = yy * zz - yz * yz, xz * yz - xy * zz, xy * yz - xz * yy
    c_yy, c_yz, c_zz = xx * zz - xz * xz, xy * xz - xx * yz, xx * yy - xy * xy
    determinant = xx * c_xx + xy * c_xy + xz * c_xz
    return (
        (c_xx * bx + c_xy * by + c_xz * bz) / determinant,
        (c_xy * bx + c_yy * by + c_yz * bz) / determinant,
        (c_xz * bx + c_yz * by + c_zz * bz) / determinant,
    )


_solve_on_cpu = numba.njit(nogil=True, error_model="numpy", inline="always")(solve_point)


@compiled
def triangulate_compiled(
    uv: NDArray, weight: NDArray, axes: NDArray, centers_m: NDArray
) -> NDArray:
    """`triangulate` for float64 (B, V, J, 2), (B, V, J), (B, V, 3, 3), (B, V, 3).

    B counts people times frames.
    """
    batch, _, joints, _ = uv.shape
    points = np.empty((batch, joints, 3))
    for b in range(batch):
        for j in range(joints):
            x, y, z = _solve_on_cpu(uv, weight, axes, centers_m, b, j)
            points[b, j, 0], points[b, j, 1], points[b, j, 2] = x, y, z
    return points
