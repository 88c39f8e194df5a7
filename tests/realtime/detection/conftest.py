"""Stand-ins: videos of coloured dots, and ONNX models of the right shapes that find them.

The models are real ones, small enough to be made here: the person detector finds a person in each
half of the picture in which something is bright, the pose model puts joint 0, 3, 6, ... on the
reddest pixel, 1, 4, ... on the greenest and 2, 5, ... on the bluest, as SimCC outputs say it.
"""

from functools import partial
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from m2t3.calibration.camera_files.camera_file import CameraFile, write_camera_file
from m2t3.calibration.camera_files.capture_source import CaptureSource

FPS = 25.0
SIZE_PX = (640, 480)  # of the camera fixture
PERSON_SIDE = 160  # of the square that the person detector takes
POSE_SIZE = (96, 128)  # width, height that the pose model takes
# Where the dots of the person in the left half are, and how they move: u, v of red, green, blue.
DOTS_PX = np.array([(150, 120), (170, 240), (140, 360)])
STEP_PX = 2


def dots_px(frame: int, half: int) -> np.ndarray:
    """Where the three dots are, (3, 2)."""
    return DOTS_PX + np.array((320 * half + STEP_PX * frame, 0))


def dots(frame: int, *, second: bool = False, size_px=SIZE_PX) -> np.ndarray:
    """Picture number `frame`: one person of three dots, or one in each half."""
    picture = np.zeros((SIZE_PX[1], SIZE_PX[0], 3), np.uint8)
    for half in range(1 + second):
        for channel, (u, v) in enumerate(dots_px(frame, half)):
            colour = [0, 0, 0]
            colour[2 - channel] = 255
            cv2.circle(picture, (int(u), int(v)), 6, colour, -1)
    return cv2.resize(picture, size_px, interpolation=cv2.INTER_AREA)


@pytest.fixture
def picture():
    return dots


@pytest.fixture
def joints_px():
    """Where the pose model shall find the joints of the person in half 0 or 1 of a picture."""

    def where(frame=0, half=0, joints=17) -> np.ndarray:
        return dots_px(frame, half)[np.arange(joints) % 3]

    return where


@pytest.fixture
def write_video(tmp_path):
    """Writes pictures to a video file in MJPEG."""

    def write(name="walk.avi", pictures=None, frames=12, folder=tmp_path) -> Path:
        pictures = [dots(n) for n in range(frames)] if pictures is None else pictures
        height, width = pictures[0].shape[:2]
        unfinished = folder / f"unfinished-{name}"
        codec = cv2.VideoWriter.fourcc(*"MJPG")
        writer = cv2.VideoWriter(str(unfinished), codec, FPS, (width, height))
        for picture in pictures:
            writer.write(picture)
        writer.release()
        return unfinished.rename(folder / name)

    return write


def model_file(path: Path, nodes, size, outputs, constants=()) -> Path:
    """An ONNX file of `nodes` from `picture` (1, 3, height, width) to `outputs`."""
    width, height = size
    graph = helper.make_graph(
        nodes,
        "stand_in",
        [helper.make_tensor_value_info("picture", TensorProto.FLOAT, [1, 3, height, width])],
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, shape) for n, shape in outputs],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, path)
    return path


@pytest.fixture
def constant_model(tmp_path):
    """Writes a model whose outputs are always the same."""

    def write(name, size, *values) -> Path:
        node = helper.make_node
        nodes = [
            node("ReduceMax", ["picture"], ["bright"], keepdims=0),
            node("Mul", ["bright", "nothing"], ["zero"]),
        ]
        constants, outputs = [("nothing", np.float32(0))], []
        for i, value in enumerate(values):
            nodes.append(node("Add", [f"constant{i}", "zero"], [f"output{i}"]))
            constants.append((f"constant{i}", np.asarray(value, np.float32)))
            outputs.append((f"output{i}", value.shape))
        return model_file(tmp_path / name, nodes, size, outputs, constants)

    return write


@pytest.fixture
def pose_model(tmp_path):
    """Writes a pose model of so many joints, with SimCC outputs."""

    def write(joints=17, bins=2) -> Path:
        width, height = POSE_SIZE
        node = helper.make_node
        nodes = [
            node("Gather", ["picture", "channels"], ["of_joint"], axis=1),
            node("ReduceMax", ["of_joint"], ["columns"], axes=[2], keepdims=0),
            node("ReduceMax", ["of_joint"], ["rows"], axes=[3], keepdims=0),
            # Each column is two bins; the first of equals is what argmax finds.
            node("Resize", ["columns", "", "twice"], ["simcc_x"], mode="nearest"),
            node("Resize", ["rows", "", "twice"], ["simcc_y"], mode="nearest"),
        ]
        constants = [
            ("channels", np.arange(joints) % 3),
            ("twice", np.array([1, 1, bins], np.float32)),
        ]
        outputs = [
            ("simcc_x", [1, joints, bins * width]),
            ("simcc_y", [1, joints, bins * height]),
        ]
        return model_file(tmp_path / f"pose{joints}.onnx", nodes, POSE_SIZE, outputs, constants)

    return write


@pytest.fixture
def person_model(tmp_path):
    """A YOLOX with suppression of doubles inside: (1, 2, 5), one box for each half."""
    side, node = PERSON_SIDE, helper.make_node
    # The picture of 640 x 480 fills 160 x 120 of the square.
    boxes = np.array([[[2, 2, 78, 118], [82, 2, 158, 118]]], np.float32)
    nodes = [
        node("Split", ["picture"], ["left", "right"], axis=3),
        node("ReduceMax", ["left"], ["bright_left"], axes=[1, 2, 3], keepdims=0),
        node("ReduceMax", ["right"], ["bright_right"], axes=[1, 2, 3], keepdims=0),
        node("Concat", ["bright_left", "bright_right"], ["bright"], axis=0),
        node("Sub", ["bright", "grey"], ["brighter"]),  # than the border
        node("Div", ["brighter", "range"], ["share"]),
        node("Reshape", ["share", "column"], ["score"]),
        node("Concat", ["boxes", "score"], ["dets"], axis=2),
    ]
    constants = [
        ("grey", np.float32(114)),
        ("range", np.float32(141)),
        ("column", np.array([1, 2, 1])),
        ("boxes", boxes),
    ]
    return model_file(
        tmp_path / "person.onnx", nodes, (side, side), [("dets", [1, 2, 5])], constants
    )


@pytest.fixture
def source(tmp_path, pose_model, person_model):
    """A capture source of the stand-ins, with changes."""

    def make(device="walk.avi", joints=17, **changes) -> CaptureSource:
        device = str(tmp_path / device) if "://" not in device else device
        fields = {"device": device, "model": pose_model(joints), "person_model": person_model}
        return CaptureSource(**{**fields, "endpoint": "tcp://127.0.0.1:*", **changes})

    return make


@pytest.fixture
def camera_path(tmp_path, camera):
    """Writes a camera file with the given source."""

    def write(source) -> Path:
        write_camera_file(tmp_path / "cam0.yaml", CameraFile(camera, source))
        return tmp_path / "cam0.yaml"

    return write


@pytest.fixture
def soon(until):
    """Poll until a condition holds and return what it gave; half a minute, for processes start."""
    return partial(until, timeout_s=30)
