"""A network's parameters inside its ONNX model: shipped weights are a place to train on from.

The exporter folds the transposition of a linear layer's matrix into the matrix and forgets its
name. The name is given back when the model is written, and read when training begins with it.
"""

import re
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor

from ..core.errors import M2t3Error

_Key = tuple[tuple[int, ...], bytes]
_NUMBER = re.compile(r"val_\d+")  # what the exporter calls constants that are no parameters
_TRANSPOSED = ".transposed"  # ends the name of a matrix that lies the other way round


def name_parameters(path: Path, parameters: Mapping[str, Tensor]) -> None:
    """Gives the transposed matrices in a model the names of the parameters that they are."""
    model = onnx.load(path)
    named = {tensor.name for tensor in model.graph.initializer}
    lost: defaultdict[_Key, list[str]] = defaultdict(list)  # several, if all are zero
    for name, parameter in parameters.items():
        if name not in named and parameter.ndim == 2:
            lost[_key(parameter.detach().numpy().T)].append(name)
    renamed = {}
    for tensor in model.graph.initializer:
        names = lost[_key(numpy_helper.to_array(tensor))]
        if names:
            renamed[tensor.name] = tensor.name = names.pop(0) + _TRANSPOSED
    for node in model.graph.node:
        node.input[:] = [renamed.get(name, name) for name in node.input]
    onnx.save(model, path)


def read_parameters(path: Path) -> dict[str, Tensor]:
    """The parameters in a model that `m2t3 export` wrote, by name.

    Raises:
        M2t3Error: not an ONNX model.
    """
    try:
        model = onnx.load(path)
    except Exception as error:  # onnx's own are of several kinds
        raise M2t3Error(f"{path}: not an ONNX model ({error})") from None
    found = {}
    for tensor in model.graph.initializer:
        if _NUMBER.fullmatch(tensor.name):
            continue
        array = numpy_helper.to_array(tensor)
        if tensor.name.endswith(_TRANSPOSED):
            array = array.T
        found[tensor.name.removesuffix(_TRANSPOSED)] = torch.from_numpy(array.copy())
    return found


def _key(array: np.ndarray) -> _Key:
    return array.shape, np.ascontiguousarray(array).tobytes()
