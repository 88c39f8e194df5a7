"""From a network to a TensorRT plan. Written against the documented API of TensorRT 10 and 11.

TensorRT 11 knows strongly typed networks only and TensorRT 10 is asked for one, so the graph alone
says what is computed in float16 (`onnx_export`).
"""

from pathlib import Path
from tempfile import TemporaryDirectory

import tensorrt as trt

from ..core.errors import EngineError
from .network import MotionDenoiser
from .onnx_export import export_onnx
from .shapes import Precision
from .tensorrt_plan import Profile


def build_plan(network: MotionDenoiser, precision: Precision, profiles: list[Profile]) -> bytes:
    """A serialized engine for the shapes of `profiles`; takes minutes.

    Raises:
        EngineError: what TensorRT's parser or builder complained of.
    """
    with TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        export_onnx(network, path, precision)
        model = path.read_bytes()
    builder = trt.Builder(trt.Logger(trt.Logger.WARNING))
    # TensorRT 11 keeps the flag and ignores it.
    strongly_typed = 1 << int(trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED)
    definition = builder.create_network(strongly_typed)
    parser = trt.OnnxParser(definition, builder.logger)
    if not parser.parse(model):
        complaints = "; ".join(parser.get_error(i).desc() for i in range(parser.num_errors))
        raise EngineError(f"TensorRT {trt.__version__} does not take the network: {complaints}")
    config = builder.create_builder_config()
    config.clear_flag(trt.BuilderFlag.TF32)  # it rounds float32 as float16 does
    for shapes in profiles:
        profile = builder.create_optimization_profile()
        for name, (smallest, usual, largest) in shapes.items():
            profile.set_shape(name, smallest, usual, largest)
        config.add_optimization_profile(profile)
    plan = builder.build_serialized_network(definition, config)
    if plan is None:
        raise EngineError(
            f"TensorRT {trt.__version__} built no engine; its own message above says why"
        )
    return bytes(plan)
