"""A stand-in for `tensorrt`, shaped after the documented Python API of TensorRT 10 and 11.

It has what m2t3 calls and nothing else, so a call of anything else is an AttributeError. A plan is
the ONNX model with its profiles; a context reads the inputs at the addresses it was given, runs
ONNX Runtime, and writes the outputs at theirs. What cannot be known here is whether the real one
takes this network and how fast it is.
"""

import base64
import ctypes
import json
from types import ModuleType, SimpleNamespace

import numpy as np
import onnx
import onnxruntime


class NetworkDefinitionCreationFlag:
    STRONGLY_TYPED = 1  # TensorRT 10.16's value; 11 keeps it


class BuilderFlag:
    TF32 = 6


class Logger:
    WARNING = 2

    def __init__(self, level):
        assert level == self.WARNING


class Builder:
    def __init__(self, logger):
        self.logger = logger

    def create_network(self, flags=0):
        assert flags == 1 << NetworkDefinitionCreationFlag.STRONGLY_TYPED
        return SimpleNamespace(model=None)

    def create_builder_config(self):
        profiles, flags = [], {BuilderFlag.TF32}  # which is set unless it is cleared
        return SimpleNamespace(
            profiles=profiles,
            flags=flags,
            clear_flag=flags.remove,
            add_optimization_profile=lambda profile: profiles.append(profile) or len(profiles) - 1,
        )

    def create_optimization_profile(self):
        shapes = {}

        def set_shape(input, min, opt, max):  # the documented names
            assert all(a <= b <= c for a, b, c in zip(min, opt, max, strict=True))
            shapes[input] = [list(min), list(opt), list(max)]

        return SimpleNamespace(shapes=shapes, set_shape=set_shape)

    def build_serialized_network(self, network, config):
        if getattr(network, "unbuildable", False):
            return None
        assert not config.flags
        names = {tensor.name for tensor in onnx.load_from_string(network.model).graph.input}
        assert all(profile.shapes.keys() == names for profile in config.profiles)
        plan = {
            "model": base64.b64encode(network.model).decode(),
            "profiles": [profile.shapes for profile in config.profiles],
        }
        return memoryview(json.dumps(plan).encode())


class OnnxParser:
    complaint = None  # what a test makes it say

    def __init__(self, network, logger):
        self._network = network
        self.num_errors = 0

    def parse(self, model):
        if OnnxParser.complaint:
            self.num_errors = 1
            return False
        self._network.model = model
        return True

    def get_error(self, index):
        assert index < self.num_errors
        return SimpleNamespace(desc=lambda: OnnxParser.complaint)


class Runtime:
    def __init__(self, logger):
        self.logger = logger

    def deserialize_cuda_engine(self, plan):
        try:
            return Engine(json.loads(plan))
        except ValueError:
            return None


class Engine:
    contexts = 0  # made by all engines

    def __init__(self, plan):
        self._profiles = plan["profiles"]
        self.num_optimization_profiles = len(self._profiles)
        self.session = onnxruntime.InferenceSession(base64.b64decode(plan["model"]))

    def get_tensor_profile_shape(self, name, profile_index):
        return [tuple(shape) for shape in self._profiles[profile_index][name]]

    def create_execution_context(self):
        Engine.contexts += 1
        return Context(self)


class Context:
    def __init__(self, engine):
        self._engine, self._profile, self._shapes, self._addresses = engine, 0, {}, {}

    def set_optimization_profile_async(self, profile_index, stream_handle):
        self._profile = profile_index
        return True

    def set_input_shape(self, name, shape):
        low, _, high = self._engine.get_tensor_profile_shape(name, self._profile)
        assert all(a <= n <= b for a, n, b in zip(low, shape, high, strict=True)), name
        self._shapes[name] = tuple(shape)
        return True

    def set_tensor_address(self, name, memory):
        assert memory % 256 == 0 or memory % 64 == 0  # torch's memory on a CPU begins at 64
        self._addresses[name] = memory
        return True

    def execute_async_v3(self, stream_handle):
        session = self._engine.session
        given = {t.name: self._at(t.name, self._shapes[t.name]) for t in session.get_inputs()}
        names = [t.name for t in session.get_outputs()]
        for name, array in zip(names, session.run(names, given), strict=True):
            assert array.dtype == np.float32, name
            self._at(name, array.shape)[...] = array
        return True

    def _at(self, name, shape):
        numbers = (ctypes.c_float * int(np.prod(shape))).from_address(self._addresses[name])
        return np.ctypeslib.as_array(numbers).reshape(shape)


def fake(version="11.4.0.106"):
    """A module to put into sys.modules under the name `tensorrt`."""
    module = ModuleType("tensorrt")
    module.__version__ = version
    for part in (NetworkDefinitionCreationFlag, BuilderFlag, Logger, Builder, OnnxParser, Runtime):
        setattr(module, part.__name__, part)
    return module
