"""The shapes of what goes into the network and comes out of it: all that engines must allocate."""

from typing import Literal

from ..lifting.denoiser import DenoiserShape
from ..lifting.features import feature_size
from ..lifting.memory import ROTARY_FREQUENCIES
from ..lifting.representation import motion_size
from ..lifting.rig import VIEWS

Shape = tuple[int, ...]
Precision = Literal["fp32", "fp16"]  # of what engines compute; they take and give float32


def input_shapes(
    shape: DenoiserShape, people: int, frames: int, memory: int, cells: int = 0
) -> dict[str, Shape]:
    """Shapes of `NetworkInputs`, in its order; without cells of a pointmap there is no ground."""
    b, t = people, frames
    past = (b, shape.layers, VIEWS, shape.heads, memory, shape.head_width)
    given = {
        "noised": (b, t, VIEWS, motion_size(shape.skeleton.joint_count, shape.decoupled)),
        "level": (b,),
        "features": (b, t, feature_size(shape.skeleton)),
        "phase": (b, t, 2, ROTARY_FREQUENCIES),
        "mask": (b, t, memory + t),
        "keys": past,
        "values": past,
    }
    if cells:
        ground = (*past[:4], cells, shape.head_width)
        given |= {"ground_keys": ground, "ground_values": ground}
    return given


def output_shapes(shape: DenoiserShape, people: int, frames: int) -> dict[str, Shape]:
    """Shapes of what the network answers, in the order of `OUTPUT_NAMES`."""
    bt, joints = (people, frames), shape.skeleton.joint_count
    new = (people, shape.layers, VIEWS, shape.heads, frames, shape.head_width)
    return {
        "motion": (*bt, VIEWS, motion_size(joints, shape.decoupled)),
        "log_weight": (*bt, VIEWS, joints),
        "trust": (*bt, joints),
        "log_error": (*bt, joints),
        "contact": (*bt, 2),
        "ankle_height_m": (*bt, 2),
        "ankle_log_error": (*bt, 2),
        "depth_log_error": (*bt, 1),
        "size": (*bt, 2),
        "new_keys": new,
        "new_values": new,
    }
