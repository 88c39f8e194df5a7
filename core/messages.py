"""The messages, the one schema that every client is written against (docs/protocol.md).

On the wire each is a MessagePack map with these field names; arrays are little-endian `bin`
(float32, or one byte per joint for `valid`), row-major. In Python they are numpy arrays, read-only
after decoding. Fields may be added later, so readers ignore keys they do not know.
"""

from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
from msgspec import Meta, Struct, field
from msgspec.structs import force_setattr

from .conversions import FORMATS
from .errors import WireError

Version = Literal[1]
PROTOCOL_VERSION: Version = 1
MAX_PEOPLE = 32
MAX_JOINTS = 256
SMPL_JOINTS = 24
MAX_BONES = 64
MAX_PREVIEW_BYTES = 192 * 1024
MAX_PREVIEW_PX = 1280  # each side of a preview picture

Float32Array = npt.NDArray[np.float32]
BoolArray = npt.NDArray[np.bool_]

Name = Annotated[str, Meta(min_length=1, max_length=128)]
Text = Annotated[str, Meta(max_length=1024)]
WORD = r"^[A-Za-z0-9_-]{1,64}\Z"  # a stream, a session; $ would let a line break follow
StreamName = Annotated[str, Meta(pattern=WORD)]
SessionId = Annotated[str, Meta(pattern=WORD)]
Count = Annotated[int, Meta(ge=0)]
TimeNs = Annotated[int, Meta(ge=0, le=2**63 - 1)]
ImageSize = tuple[Annotated[int, Meta(ge=1, le=65536)], Annotated[int, Meta(ge=1, le=65536)]]
PreviewSide = Annotated[int, Meta(ge=1, le=MAX_PREVIEW_PX)]
Clock = Literal["monotonic", "unix", "media"]
JointPairs = Annotated[tuple[tuple[Count, Count], ...], Meta(max_length=MAX_JOINTS)]
Vector3 = tuple[float, float, float]
Quaternion = tuple[float, float, float, float]
Matrix3 = tuple[float, float, float, float, float, float, float, float, float]


class Message(Struct, frozen=True, kw_only=True, eq=False):
    """What every message begins with."""

    v: Version = PROTOCOL_VERSION  # protocol version
    stream: StreamName  # which camera, e.g. "cam0"
    session: SessionId  # random, new each time the sender starts


class Keypoints(Struct, frozen=True, kw_only=True, eq=False):
    """One detected person in one picture."""

    keypoints_px: Float32Array  # (J, 2) u right, v down; NaN where there is no such joint
    confidence: Float32Array  # (J,) 0..1
    id: int | None = None  # the detector's own track id, if it has one

    def __post_init__(self) -> None:
        _shape(self, "keypoints_px", 2)


class KeypointsFrame(Message, frozen=True, kw_only=True, eq=False):
    """Everybody whom the detector found in one picture; nobody is a frame too."""

    seq: Count  # counts pictures from the start of the session
    t_capture_ns: TimeNs  # when the picture was taken, on `clock`
    clock: Clock  # "monotonic" of the sender's host, "unix", or "media" time of a recording
    skeleton: Name  # keypoint format, e.g. "coco17"
    image_size_px: ImageSize  # (width, height) that the pixels refer to
    people: Annotated[tuple[Keypoints, ...], Meta(max_length=MAX_PEOPLE)]

    def __post_init__(self) -> None:
        if self.skeleton not in FORMATS:
            raise WireError(
                "skeleton", f"unknown skeleton {self.skeleton!r}; valid: {', '.join(FORMATS)}"
            )
        expected = len(FORMATS[self.skeleton])
        for person in self.people:
            if person.confidence.size != expected:
                raise WireError(
                    "joint_count",
                    f"{self.skeleton} has {expected} joints, got {person.confidence.size}",
                )


class CameraModel(Struct, frozen=True, kw_only=True):
    """The camera, so that a subscriber can draw it and project into its picture."""

    name: Name
    image_size_px: ImageSize  # (width, height)
    K: Matrix3  # 3 x 3 intrinsics, row by row, px
    distortion_model: Name  # "plumb_bob", "rational_polynomial" or "equidistant"
    distortion: Annotated[tuple[float, ...], Meta(max_length=14)]  # coefficients, OpenCV order
    translation_m: Vector3  # camera centre in the world
    quaternion_xyzw: Quaternion  # camera axes (x right, y down, z forward) to world axes


class ModelInfo(Struct, frozen=True, kw_only=True):
    """The weights that make the poses, and what runs them."""

    weights: Name  # name in the manifest
    licence: Text  # what the weights may be used for
    engine: Name  # "onnxruntime", "openvino", ...
    sha256: str  # of the weights file


def _unknown_contact() -> Float32Array:
    unknown = np.full(2, np.nan, np.float32)
    unknown.flags.writeable = False
    return unknown


class Humanoid(Struct, frozen=True, kw_only=True):
    """The bones that the bodies of a skeleton have, in the T-pose of core/humanoid.py."""

    bone_names: Annotated[tuple[Name, ...], Meta(max_length=MAX_BONES)]  # Unity's HumanBodyBones
    parents: Annotated[tuple[int, ...], Meta(max_length=MAX_BONES)]  # -1: the hips; parents first
    rest_directions: Annotated[tuple[Vector3, ...], Meta(max_length=MAX_BONES)]  # in the T-pose
    joint_bones: Annotated[tuple[Count, ...], Meta(max_length=MAX_JOINTS)]  # which carries a joint

    def __post_init__(self) -> None:
        bones = len(self.bone_names)
        if not bones == len(self.parents) == len(self.rest_directions):
            raise WireError(
                "bone_count",
                f"{bones} bones, {len(self.parents)} parents, "
                f"{len(self.rest_directions)} directions",
            )
        if self.parents[:1] != (-1,) or not all(
            0 <= parent < bone for bone, parent in enumerate(self.parents[1:], start=1)
        ):
            raise WireError("schema", f"parents {self.parents} do not come before their children")
        if any(bone >= bones for bone in self.joint_bones):
            raise WireError("bone_count", f"joints on bones {self.joint_bones}, there are {bones}")


class SkeletonDefinition(Message, frozen=True, kw_only=True, eq=False):
    """What does not change from frame to frame; sent once a second and to every new subscriber."""

    def_id: Name  # hash of all that follows the two times; frames name the definition they fit
    t_publish_ns: TimeNs  # CLOCK_MONOTONIC of the publisher's host
    unix_minus_monotonic_ns: int  # adds up with any `t_*_ns` of this host to Unix time
    skeleton: Name
    joint_names: Annotated[tuple[Name, ...], Meta(max_length=MAX_JOINTS)]
    bones: JointPairs  # pairs to draw as segments
    left_right: JointPairs  # (left, right) pairs that a mirror image exchanges
    unit: Literal["m"] = "m"
    axes: str = "world, right-handed, z up, ground at z = 0"
    camera: CameraModel
    model: ModelInfo
    humanoid: Humanoid | None = None  # what `Pose.body` means; None: the publisher sends no bodies


class Body(Struct, frozen=True, kw_only=True, eq=False):
    """A person as a humanoid: how its bones are turned, and this person's lengths of them."""

    root_world_m: Float32Array  # (3,) the hips
    heading_rad: float  # where the hips face: turn about +z, from +x towards +y
    rotations_xyzw: Float32Array  # (B, 4) unit, local: relative to the parent's, T-pose is identity
    offsets_m: Float32Array  # (B, 3) each bone's origin in its parent's frame; 0 for the hips
    joint_offsets_m: Float32Array  # (J, 3) each joint in its bone's frame; NaN where not learned

    def __post_init__(self) -> None:
        if self.root_world_m.shape != (3,):
            raise WireError("schema", f"root_world_m has {self.root_world_m.size} numbers, not 3")
        bones = self.rotations_xyzw.size // 4
        _rows(self, "rotations_xyzw", bones, 4, "bone")
        _rows(self, "offsets_m", bones, 3, "bone")
        _rows(self, "joint_offsets_m", self.joint_offsets_m.size // 3, 3, "joint")


class Pose(Struct, frozen=True, kw_only=True, eq=False):
    """One person in the world. Whoever leaves is sent once more, with state "left" and no joint."""

    id: int  # stays with the person, never used again in this session
    state: Literal["tracked", "left"]
    positions_world_m: Float32Array  # (J, 3); NaN where not valid
    confidence: Float32Array  # (J,) 0..1
    valid: BoolArray  # (J,)
    contact: Float32Array = field(default_factory=_unknown_contact)  # (2,) chance that the left and
    # the right foot stands still on something; NaN where unknown
    body: Body | None = None  # None: not known yet, or a publisher that sends no bodies

    def __post_init__(self) -> None:
        _shape(self, "positions_world_m", 3)
        if self.contact.shape != (2,):
            raise WireError("schema", f"contact has {self.contact.size} numbers; it has two feet")
        if self.body is not None and len(self.body.joint_offsets_m) != self.confidence.size:
            raise WireError(
                "joint_count",
                f"the body has {len(self.body.joint_offsets_m)} joints, "
                f"confidence {self.confidence.size}",
            )
        if self.valid.shape != self.confidence.shape:
            raise WireError(
                "joint_count",
                f"valid has {self.valid.size} joints, confidence {self.confidence.size}",
            )


class PoseFrame(Message, frozen=True, kw_only=True, eq=False):
    """The answer to one keypoints frame."""

    seq: Count  # counts the answers of this session; a gap is a loss on the way
    def_id: Name
    source_session: SessionId  # of the keypoints frame that is answered
    source_seq: Count
    t_capture_ns: TimeNs  # copied from the keypoints frame, on `capture_clock`
    capture_clock: Clock
    t_receive_ns: TimeNs  # CLOCK_MONOTONIC of the publisher's host
    t_publish_ns: TimeNs  # same clock
    timing_ns: dict[str, int]  # what each stage took
    people: Annotated[tuple[Pose, ...], Meta(max_length=2 * MAX_PEOPLE)]


class Percentiles(Struct, frozen=True, kw_only=True):
    """Milliseconds over the last ten seconds."""

    p50: float
    p95: float
    p99: float


class Status(Message, frozen=True, kw_only=True, eq=False):
    """How the stream is, once a second."""

    t_publish_ns: TimeNs  # CLOCK_MONOTONIC of the publisher's host
    unix_minus_monotonic_ns: int
    state: Literal["waiting", "running", "stopping"]  # waiting: no frame for a second
    uptime_s: float
    input_rate_hz: float
    output_rate_hz: float
    frames_in: Count
    frames_out: Count
    people_in_view: Count
    latency_ms: dict[str, Percentiles]  # by stage; "total" is receive to publish
    refused: dict[str, int]  # bad messages and values, by kind
    dropped: dict[str, int]  # good frames that got no answer, by kind
    model: ModelInfo
    warnings: tuple[str, ...]


class DetectorStatus(Message, frozen=True, kw_only=True, eq=False):
    """How a detector is, once a second; the stream passes it on in its own status."""

    state: Literal["running", "lost", "stopping"]  # lost: no picture; stopping: the last status
    detector: Text  # what detects, in words
    pictures_in: Count  # that the camera gave so far
    frames_out: Count  # keypoints frames sent so far
    refused: dict[str, Count]  # bad pictures, by kind
    dropped: dict[str, Count]  # good pictures without keypoints, by kind
    latency_ms: dict[str, Percentiles]  # by stage; "total" is picture taken to keypoints sent
    warnings: Annotated[tuple[Text, ...], Meta(max_length=16)]


class Preview(Message, frozen=True, kw_only=True, eq=False):
    """What the camera sees, small and now and then, with the detector's keypoints drawn in."""

    seq: Count  # of the keypoints frame of this session that it shows
    t_capture_ns: TimeNs  # as in that frame
    clock: Clock
    image_size_px: tuple[PreviewSide, PreviewSide]  # (width, height) of the JPEG, not the camera's
    jpeg: Annotated[bytes, Meta(min_length=4, max_length=MAX_PREVIEW_BYTES)]


class SmplBody(Struct, frozen=True, kw_only=True, eq=False):
    """One person as a body of SMPL's kind, in SMPL's own terms (docs/bodies.md)."""

    id: int  # the person's
    betas: Float32Array  # (B,) shape
    poses_rotvec: Float32Array  # (24, 3) axis angles; the root's in the world, the rest local
    trans_m: Float32Array  # (3,) added to the posed body
    residual_mm: float  # mean distance of the body's joints from the pose's
    settled: bool  # whether the shape is kept from now on

    def __post_init__(self) -> None:
        _rows(self, "poses_rotvec", SMPL_JOINTS, 3, "joint")
        if self.trans_m.shape != (3,):
            raise WireError("schema", f"trans_m has {self.trans_m.size} numbers, not 3")


class SmplFrame(Message, frozen=True, kw_only=True, eq=False):
    """Bodies of the people of one pose frame; frames that came too fast have none."""

    seq: Count  # of the pose frame of this session whose joints were fitted
    t_capture_ns: TimeNs  # as in that frame
    capture_clock: Clock
    t_publish_ns: TimeNs  # CLOCK_MONOTONIC of the publisher's host
    kind: Literal["smpl", "smplh", "smplx"]  # of the body model
    gender: Name  # of the body model: "female", "male" or "neutral"
    people: Annotated[tuple[SmplBody, ...], Meta(max_length=2 * MAX_PEOPLE)]


def _shape(person: Keypoints | Pose, field: str, width: int) -> None:
    """Give the flat array `field` its shape (J, width), J being the length of `confidence`."""
    if person.confidence.ndim != 1:
        raise WireError("joint_count", f"confidence has the shape {person.confidence.shape}")
    _rows(person, field, person.confidence.size, width, "joint")


def _rows(
    message: Keypoints | Pose | Body | SmplBody, field: str, rows: int, width: int, of: str
) -> None:
    """Give the flat array `field` its shape (rows, width)."""
    array = getattr(message, field)
    if array.size != rows * width:
        raise WireError(
            f"{of}_count",
            f"{field} has {array.size} numbers where {rows} {of}s need {rows * width}",
        )
    force_setattr(message, field, array.reshape(rows, width))
