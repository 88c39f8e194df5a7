"""Compiled code runs whether it can be kept or not."""

from m2t3.core.compiling import compiled


def test_what_cannot_be_kept_is_compiled_all_the_same():
    made = {}
    exec("def ratio(a, b):\n    return a / b", made)  # of no file: numba has no place for it
    assert compiled(made["ratio"])(1.0, 0.0) == float("inf")
