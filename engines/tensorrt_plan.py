"""TensorRT plans on disk: compiled once for one GPU, driver, TensorRT and set of weights.

A plan that was made for anything else is refused with the command that makes it anew; TensorRT
itself would refuse some of them with a number, and run others slowly or wrongly.
"""

from pathlib import Path

import msgspec

from ..core.errors import EngineError
from ..core.messages import MAX_PEOPLE
from ..lifting.denoiser import DenoiserShape
from ..lifting.questions import ENCODE_ANEW
from .cache import cache_folder
from .machine import gpu
from .manifest import Manifest, Weights, sha256_of
from .shapes import Precision, Shape, input_shapes

Profile = dict[str, tuple[Shape, Shape, Shape]]  # smallest, usual and largest shape by input


class MadeFor(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a plan runs on, and nothing else."""

    gpu: str  # the GPU's name
    driver: str  # of the GPU
    tensorrt: str  # TensorRT's version
    weights_sha256: str  # of model.onnx
    rig_frames: int  # frames that are encoded anew when a rig moves

    def differences(self, other: "MadeFor") -> str:
        """What is not the same, in words."""
        pairs = ((f, getattr(self, f), getattr(other, f)) for f in self.__struct_fields__)
        return "; ".join(f"{f} was {ours}, is {theirs}" for f, ours, theirs in pairs
                         if ours != theirs)  # fmt: skip


class PlanNote(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What lies beside a plan."""

    made_for: MadeFor
    precision: Precision
    sha256: str  # of the plan


class Plan(msgspec.Struct, frozen=True):
    """A plan that fits this machine."""

    data: bytes
    precision: Precision


def made_for_here(weights: Manifest, tensorrt_version: str) -> MadeFor:
    """What a plan must have been made for to run here.

    Raises:
        EngineError: no GPU.
    """
    found = gpu()
    if found is None:
        raise EngineError(
            "TensorRT needs an NVIDIA GPU and `nvidia-smi` shows none; on CPUs use --engine auto"
        )
    frames = rig_frames(weights.shape)
    return MadeFor(found.name, found.driver, tensorrt_version, weights.sha256, frames)


def compile_command(weights: Weights, precision: str = "fp16") -> str:
    """What makes a plan of these weights."""
    return f"m2t3 compile --engine tensorrt --precision {precision} --weights {weights.option}"


def write_plan(data: bytes, made_for: MadeFor, precision: Precision, weights: Manifest) -> Path:
    """Keeps a plan and returns its path."""
    path = _path(weights, made_for)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    note = PlanNote(made_for, precision, sha256_of(path))
    _note(path).write_bytes(msgspec.json.format(msgspec.json.encode(note)))
    return path


def read_plan(weights: Weights, made_for: MadeFor) -> Plan:
    """The plan of these weights.

    Raises:
        EngineError: there is none, or it does not fit this machine or these weights.
    """
    path = _path(weights.manifest, made_for)
    if not path.exists():
        raise EngineError(
            f"no TensorRT plan of {weights.manifest.name} in {path.parent}; make it with: "
            f"{compile_command(weights)}"
        )
    try:
        note = msgspec.json.decode(_note(path).read_bytes(), type=PlanNote)
    except (OSError, msgspec.DecodeError) as error:
        raise EngineError(f"{_note(path)}: {error}; {compile_command(weights)}") from None
    again = compile_command(weights, note.precision)
    if differences := note.made_for.differences(made_for):
        raise EngineError(f"{path} is stale ({differences}); make it anew with: {again}")
    if sha256_of(path) != note.sha256:
        raise EngineError(f"{path} is damaged; make it anew with: {again}")
    return Plan(path.read_bytes(), note.precision)


def rig_frames(shape: DenoiserShape) -> int:
    """How many frames the lifter encodes anew when a rig moves."""
    return min(ENCODE_ANEW, shape.memory_frames)


def profiles(shape: DenoiserShape, cells: int, usual_people: int) -> list[Profile]:
    """The calls that a stream makes: a new frame of everybody, and one person's rig moved."""
    memory = shape.memory_frames - 1

    def calls(people: tuple[int, int, int], frames: int) -> Profile:
        three = [input_shapes(shape, n, frames, memory, cells) for n in people]
        return {name: (three[0][name], three[1][name], three[2][name]) for name in three[0]}

    return [calls((1, usual_people, MAX_PEOPLE), 1), calls((1, 1, 1), rig_frames(shape))]


def _path(weights: Manifest, made_for: MadeFor) -> Path:
    card = "".join(c if c.isalnum() else "-" for c in made_for.gpu)
    return cache_folder() / "tensorrt" / f"{weights.name}-{card}.plan"


def _note(path: Path) -> Path:
    return path.with_suffix(".json")
