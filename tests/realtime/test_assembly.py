"""A pipeline is warm before its first frame, and that leaves no trace in what it answers."""

import gc

import msgspec
import numpy as np
import pytest
from numba.core.dispatcher import Dispatcher

from m2t3.core import topics, wire
from m2t3.engines.loading import load_denoiser
from m2t3.lifting.questions import ENCODE_ANEW
from m2t3.realtime import assembly


class Listening:
    """A denoiser that remembers how many people and frames it was asked for."""

    def __init__(self, denoiser):
        self._denoiser, self.asked = denoiser, []
        self.shape, self.ground = denoiser.shape, denoiser.ground
        self.name, self.weights = denoiser.name, denoiser.weights

    def __call__(self, inputs):
        self.asked.append(inputs.features.shape[:2])
        return self._denoiser(inputs)


@pytest.fixture(scope="module")
def denoiser():
    return Listening(load_denoiser(engine="onnxruntime"))


def test_the_engine_has_seen_the_shapes_to_come(denoiser, camera):
    assembly.assemble_around(denoiser, camera, "cam0", steps=1)
    people = {(n, 1) for n in range(1, assembly.WARM_PEOPLE + 1)}
    assert people | {(1, ENCODE_ANEW)} <= set(denoiser.asked)


def from_the_wire(frame):
    return wire.decode(topics.KEYPOINTS, wire.encode(frame))


def as_recorded(frame):
    assert frame.people[0].keypoints_px.flags.writeable
    return frame


def of_smaller_pictures(frame):
    width, height = frame.image_size_px
    return msgspec.structs.replace(frame, image_size_px=(width // 2, height // 2))


@pytest.mark.parametrize("source", [from_the_wire, as_recorded, of_smaller_pictures])
def test_the_first_frames_compile_nothing(denoiser, camera, frame, source):
    _, pipeline = assembly.assemble_around(denoiser, camera, "cam0", steps=1)
    # By type: asking things what they are wakes the ones in torch that warn.
    functions = [thing for thing in gc.get_objects() if issubclass(type(thing), Dispatcher)]
    before = {function: tuple(function.signatures) for function in functions}
    for seq in range(3):
        assert pipeline.process(source(frame(seq)), seq).people
    assert {function: tuple(function.signatures) for function in functions} == before


def test_nothing_of_the_warm_start_is_left(denoiser, camera, frame, monkeypatch):
    def answers():
        _, pipeline = assembly.assemble_around(denoiser, camera, "cam0", steps=1)
        return [pipeline.process(frame(seq), seq) for seq in range(5)]

    warm = answers()
    monkeypatch.setattr(assembly, "warm", lambda pipeline, definition: None)
    for ours, theirs in zip(warm, answers(), strict=True):
        assert (ours.seq, ours.people[0].id) == (theirs.seq, theirs.people[0].id)
        np.testing.assert_array_equal(
            ours.people[0].positions_world_m, theirs.people[0].positions_world_m
        )
