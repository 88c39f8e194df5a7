"""How numerical code is compiled: kept between starts, without the interpreter's lock."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numba

_njit = partial(numba.njit, nogil=True, error_model="numpy")


def compiled(function: Callable[..., Any]) -> Any:
    """`function`, compiled when first called; anew at every start where no folder may be written.

    Dividing by zero gives inf or NaN, as in numpy, instead of an exception.
    """
    try:
        return _njit(cache=True)(function)
    except RuntimeError:  # neither beside the code nor at home, nor is NUMBA_CACHE_DIR given
        return _njit()(function)
