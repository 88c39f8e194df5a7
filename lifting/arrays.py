"""The array type of functions that training (torch) and the stream (numpy) share.

They take their functions from `array_namespace`, but clip by the arrays' own method: both have it,
and array_api_compat's numpy `clip` broadcasts in Python, a tenth of a frame's time.
"""

from typing import Any

Array = Any  # a numpy array or a torch tensor; jaxtyping checks shape and dtype of either
