"""How numerical code is compiled: kept between starts, without the interpreter's lock."""

import numba

# Dividing by zero gives inf or NaN, as in numpy, instead of an exception.
compiled = numba.njit(cache=True, nogil=True, error_model="numpy")
