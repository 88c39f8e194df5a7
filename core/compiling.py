"""How numerical code is compiled: kept between starts, without the interpreter's lock."""

from collections.abc import Callable
from typing import Any

import numba


def compiled(function: Callable[..., Any]) -> Any:
    """`function`, compiled when first called; anew at every start where no folder may be written.

    Dividing by zero gives inf or NaN, as in numpy, instead of an exception.
    """
    try:
        return numba.njit(cache=True, nogil=True, error_model="numpy")(function)
    except RuntimeError:  # neither beside the code nor at home, nor is NUMBA_CACHE_DIR given
        return numba.njit(nogil=True, error_model="numpy")(function)
