"""The array type of functions that training (torch) and the stream (numpy) share."""

from typing import Any

Array = Any  # a numpy array or a torch tensor; jaxtyping checks shape and dtype of either
