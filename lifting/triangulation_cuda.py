"""`triangulate` on a CUDA device, one thread a point; NUMBA_ENABLE_CUDASIM=1 tries it without one.

It is for batches whose 2D is on the device already, or large ones (people times frames): the live
stream's few dozen points are done on the CPU before a kernel would have been launched.
"""

from typing import Any

import numpy as np
from numba import cuda
from numpy.typing import NDArray

from .triangulation import solve_point

_THREADS = 128  # a block

_solve_on_gpu = cuda.jit(device=True)(solve_point)


@cuda.jit
def _kernel(uv: Any, weight: Any, axes: Any, centers_m: Any, points: Any) -> None:
    joints = uv.shape[2]
    i = cuda.grid(1)  # type: ignore[attr-defined]
    if i < uv.shape[0] * joints:
        b, j = i // joints, i % joints
        x, y, z = _solve_on_gpu(uv, weight, axes, centers_m, b, j)
        points[b, j, 0] = x
        points[b, j, 1] = y
        points[b, j, 2] = z


def triangulate_on_device(
    uv: Any, weight: Any, axes: Any, centers_m: Any, points: Any, stream: Any = 0
) -> None:
    """Fills `points` (B, J, 3); all are float64 on the device, or whatever speaks its interface.

    Shapes as for `triangulation.triangulate_compiled`. Does not wait for the stream.
    """
    count = uv.shape[0] * uv.shape[2]
    if count:
        _kernel[-(-count // _THREADS), _THREADS, stream](uv, weight, axes, centers_m, points)


def triangulate_cuda(
    uv: NDArray, weight: NDArray, axes: NDArray, centers_m: NDArray
) -> NDArray[np.float64]:
    """`triangulation.triangulate_compiled` by way of the device."""
    points = cuda.device_array((uv.shape[0], uv.shape[2], 3), np.float64)
    triangulate_on_device(
        cuda.to_device(uv), cuda.to_device(weight), cuda.to_device(axes),
        cuda.to_device(centers_m), points,
    )  # fmt: skip
    return points.copy_to_host()
