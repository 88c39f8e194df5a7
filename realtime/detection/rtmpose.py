"""RTMPose through rtmlib: a person detector finds boxes, the pose model looks into each.

rtmlib's `Body` and its like are not used: they download what they do not find, and see one person
who fills the picture where there is nobody. Its model classes do neither if they are asked rightly.
"""

import contextlib
import io
from pathlib import Path

import numpy as np
import rtmlib
from jaxtyping import Float, UInt8
from numpy.typing import NDArray
from rtmlib.tools.base import BaseTool

from ...calibration.camera_files.capture_source import CaptureSource
from ...core.errors import DetectorError
from ...core.messages import Keypoints

SKELETONS = {17: "coco17", 26: "halpe26", 133: "coco133"}  # by the number of a model's joints
PERSON = 0  # of the 80 classes of COCO
SIMCC_SPLIT = 2  # a SimCC axis has so many bins a pixel
CLEAR = 0.3  # confidence from which on a joint tells where its person is
BOX_GROWTH = 1.25  # a box around joints, for the next picture


class RtmPose:
    """A pose model of 17, 26 or 133 joints behind a YOLOX person detector."""

    def __init__(self, source: CaptureSource, description: str) -> None:
        """Load both models and try them on an empty picture.

        Raises:
            DetectorError: a file that is no such model, or an accelerator that is not there.
        """
        assert source.person_model is not None, "the camera file has been checked"
        self.description = description
        self._max_people, self._person_every = source.max_people, source.person_every
        self._person_model = _load(rtmlib.YOLOX, source.person_model, source.accelerator)
        self._pose_model = _load(rtmlib.RTMPose, source.model, source.accelerator)
        # rtmlib has height, width for one, and width, height for the other.
        height, width = _input_size(self._person_model, source.person_model)
        self._person_model.model_input_size = (height, width)
        boxes = _try(self._person_model, (height, width), source.person_model)[0]
        if boxes.ndim != 3 or boxes.shape[-1] < 5:
            raise DetectorError(
                f"{source.person_model} is no YOLOX: its first output is {boxes.shape}; "
                "it is (1, N, 5) with suppression of doubles inside, or (1, N, 5 + classes)"
            )
        self._has_classes = boxes.shape[-1] > 5
        self._person_model.det_mode = "multiclass" if self._has_classes else "human"
        height, width = _input_size(self._pose_model, source.model)
        self._pose_model.model_input_size = (width, height)
        simcc = [output.shape for output in _try(self._pose_model, (height, width), source.model)]
        joints = simcc[0][1] if len(simcc[0]) == 3 else 0
        if simcc != [(1, joints, SIMCC_SPLIT * side) for side in (width, height)]:
            raise DetectorError(
                f"{source.model} is no RTMPose: its outputs are {simcc}; for pictures of "
                f"{width} x {height} they are (1, J, {SIMCC_SPLIT * width}) and "
                f"(1, J, {SIMCC_SPLIT * height})"
            )
        if joints not in SKELETONS:
            raise DetectorError(
                f"{source.model} has {joints} joints; known are models of "
                f"{', '.join(f'{n} ({name})' for n, name in SKELETONS.items())}"
            )
        self.skeleton = SKELETONS[joints]
        self._boxes_px = np.empty((0, 4))
        self._pictures = 0

    def detect(
        self, picture_bgr: UInt8[NDArray, "h w 3"], t_capture_ns: int
    ) -> tuple[Keypoints, ...]:
        """Everybody in the picture."""
        if self._pictures % self._person_every == 0:
            self._boxes_px = self._people_boxes(picture_bgr)
        self._pictures += 1
        if not len(self._boxes_px):  # rtmlib would take the whole picture for a person
            return ()
        # RTMPose was trained on red, green, blue, and rtmlib hands on what it gets (rtmlib#48).
        picture_rgb = np.ascontiguousarray(picture_bgr[..., ::-1])
        keypoints_px, scores = self._pose_model(picture_rgb, bboxes=self._boxes_px)
        self._boxes_px = _boxes_around(keypoints_px, scores)
        found = scores > 0
        return tuple(
            Keypoints(
                keypoints_px=np.where(seen[:, None], pixels, np.nan).astype(np.float32),
                confidence=np.where(seen, np.clip(score, 0, 1), 0).astype(np.float32),
            )
            for pixels, score, seen in zip(keypoints_px, scores, found, strict=True)
            if seen.any()
        )

    def close(self) -> None:
        """Release the models."""
        del self._person_model, self._pose_model

    def _people_boxes(self, picture_bgr: UInt8[NDArray, "h w 3"]) -> Float[NDArray, "n 4"]:
        """Boxes (left, top, right, bottom) of at most `max_people`, the largest first."""
        if self._has_classes:
            boxes, classes = self._person_model(picture_bgr)
            boxes = boxes[classes == PERSON]
        else:
            boxes = self._person_model(picture_bgr)
        boxes = np.asarray(boxes, float).reshape(-1, 4)
        size = boxes[:, 2:] - boxes[:, :2]
        boxes = boxes[np.isfinite(boxes).all(1) & (size > 1).all(1)]
        area = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
        return boxes[np.argsort(-area)[: self._max_people]]


def _load(kind: type, path: Path, accelerator: str) -> BaseTool:
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # rtmlib says what it loads
            model = kind(str(path), backend="onnxruntime", device=accelerator)
        on_gpu = "CUDAExecutionProvider" in model.session.get_providers()
    except Exception as error:  # whatever ONNX Runtime comes up with
        if accelerator == "cuda":
            raise _no_gpu(error) from error
        raise DetectorError(f"{path} cannot be loaded as ONNX: {error}") from error
    if accelerator == "cuda" and not on_gpu:
        raise _no_gpu("it fell back to the CPU")
    return model


def _no_gpu(reason: object) -> DetectorError:
    return DetectorError(
        "accelerator cuda: ONNX Runtime cannot use a GPU here; put onnxruntime-gpu in the place of "
        f"onnxruntime, or write accelerator: cpu ({reason})"
    )


def _input_size(model: BaseTool, path: Path) -> tuple[int, int]:
    """Height and width of the pictures that an ONNX model takes."""
    shape = model.session.get_inputs()[0].shape
    if len(shape) == 4 and shape[1] == 3 and all(isinstance(side, int) for side in shape[2:]):
        return shape[2], shape[3]
    raise DetectorError(
        f"{path} takes {shape}; a model of pictures takes (1 or N, 3, height, width), "
        "height and width being numbers"
    )


def _try(model: BaseTool, size: tuple[int, int], path: Path) -> list[NDArray]:
    """What the model makes of an empty picture."""
    try:
        return model.inference(np.zeros((*size, 3), np.float32))
    except Exception as error:  # whatever ONNX Runtime comes up with
        raise DetectorError(f"{path} cannot run: {error}") from error


def _boxes_around(
    keypoints_px: Float[NDArray, "n j 2"], scores: Float[NDArray, "n j"]
) -> Float[NDArray, "m 4"]:
    """Boxes for the next picture, around the joints of those who are seen clearly enough."""
    boxes = [np.empty((0, 4))]
    for pixels, score in zip(keypoints_px, scores, strict=True):
        if (score > CLEAR).sum() >= 3:
            low, high = pixels[score > CLEAR].min(0), pixels[score > CLEAR].max(0)
            middle, half = (low + high) / 2, (high - low) / 2 * BOX_GROWTH
            boxes.append(np.concatenate([middle - half, middle + half])[None])
    return np.concatenate(boxes)
