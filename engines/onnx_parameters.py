"""A network's parameters inside its ONNX model: shipped weights are a torch network, too.

The exporter folds the transposition of a linear layer's matrix into the matrix, makes columns of a
group norm's vectors, and forgets the names of both. The names are given back when the model is
written, and read when torch runs it or training begins with it.
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

from ..core.errors import EngineError
from .manifest import Weights
from .network import MotionDenoiser, NetworkConfig

_Key = tuple[tuple[int, ...], bytes]
_NUMBER = re.compile(r"val_\d+")  # what the exporter calls constants that are no parameters
_TRANSPOSED = ".transposed"  # ends the name of a matrix that lies the other way round
_COLUMN = ".column"  # and that of a vector with axes of one behind it


def name_parameters(path: Path, parameters: Mapping[str, Tensor]) -> None:
    """Gives the matrices and vectors in a model the names of the parameters that they are."""
    model = onnx.load(path)
    named = {tensor.name for tensor in model.graph.initializer}
    lost: defaultdict[_Key, list[str]] = defaultdict(list)  # several, if all are zero
    for name, parameter in parameters.items():
        array = parameter.detach().numpy()
        if name not in named and array.ndim == 2:
            lost[_key(array.T)].append(name + _TRANSPOSED)
        elif name not in named and array.ndim == 1:
            lost[_key(array[:, None, None])].append(name + _COLUMN)
    renamed = {}
    for tensor in model.graph.initializer:
        names = lost[_key(numpy_helper.to_array(tensor))]
        if names:
            renamed[tensor.name] = tensor.name = names.pop(0)
    for node in model.graph.node:
        node.input[:] = [renamed.get(name, name) for name in node.input]
    onnx.save(model, path)


def parameters_of(weights: Weights) -> dict[str, Tensor]:
    """The parameters of a set of weights, by the names that `MotionDenoiser` has for them."""
    parameters = read_parameters(weights.onnx)
    if weights.ground_onnx is not None:
        ground = read_parameters(weights.ground_onnx)
        parameters |= {f"pointmaps.{k.removeprefix('encoder.')}": v for k, v in ground.items()}
    return parameters


def network_of(weights: Weights) -> MotionDenoiser:
    """The network of a set of weights in torch.

    Raises:
        EngineError: the weights do not tell their configuration or parameters, or those of
            another version.
    """
    name, config = weights.manifest.name, weights.manifest.training.get("network")
    again = "`m2t3 train export` with its checkpoint writes it so that torch can read it"
    if config is None:
        raise EngineError(f"weights {name}: the manifest lacks training.network; {again}")
    given = parameters_of(weights)
    try:
        network = MotionDenoiser(NetworkConfig(**config))
        network.load_state_dict({key: given[key] for key in network.state_dict()})
    except KeyError as error:
        raise EngineError(f"weights {name}: {weights.onnx} lacks {error}; {again}") from None
    except (TypeError, ValueError, RuntimeError) as error:
        why = str(error).splitlines()[-1].strip()  # torch's list of what does not fit
        raise EngineError(f"weights {name}: not a network of this m2t3 ({why}); {again}") from None
    return network.eval()


def read_parameters(path: Path) -> dict[str, Tensor]:
    """The parameters in a model that `m2t3 train export` wrote, by name.

    Raises:
        EngineError: not an ONNX model.
    """
    try:
        model = onnx.load(path)
    except Exception as error:  # onnx's own are of several kinds
        raise EngineError(f"{path}: not an ONNX model ({error})") from None
    found = {}
    for tensor in model.graph.initializer:
        if _NUMBER.fullmatch(tensor.name):
            continue
        array = numpy_helper.to_array(tensor)
        if tensor.name.endswith(_TRANSPOSED):
            array = array.T
        elif tensor.name.endswith(_COLUMN):
            array = array.ravel()
        name = tensor.name.removesuffix(_TRANSPOSED).removesuffix(_COLUMN)
        found[name] = torch.from_numpy(array.copy())
    return found


def _key(array: np.ndarray) -> _Key:
    return array.shape, np.ascontiguousarray(array).tobytes()
