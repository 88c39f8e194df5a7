"""A person as packets of the VMC protocol 3.1: OSC bundles of at most `MAX_BYTES`.

The root is the ground under the hips, turned to where they face; the hips are relative to it, all
other bones to their parents. A receiver that takes only the root moves the avatar rightly over the
floor, and one that takes all bones gets the pose as it is. Bone names are Unity's, and so are ours.
"""

from collections.abc import Iterable, Iterator

import numpy as np
from pythonosc.osc_bundle import OscBundle
from pythonosc.osc_bundle_builder import IMMEDIATELY, OscBundleBuilder
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import OscMessageBuilder

from ....core.geometry import multiply
from ...python.body import HumanoidBody
from ..unity_axes import unity_position, unity_rotation

MAX_BYTES = 1400  # the specification's limit is 1500; IP and UDP add their headers
BUNDLE_HEADER_BYTES, SIZE_BYTES = 16, 4
LOADED, CALIBRATED, NORMAL_MODE = 1, 3, 0

Argument = int | float | str


def person_packets(body: HumanoidBody, t_s: float) -> Iterator[bytes]:
    """What tells where a person is and how they stand at time `t_s` of the sender."""
    return _bundles((*_state(t_s, tracked=True), *_pose(body)))


def absence_packets(t_s: float) -> Iterator[bytes]:
    """What tells that nobody is tracked: the avatar stays as it is."""
    return _bundles(_state(t_s, tracked=False))


def _state(t_s: float, *, tracked: bool) -> Iterator[OscMessage]:
    yield _message("/VMC/Ext/OK", LOADED, CALIBRATED, NORMAL_MODE, int(tracked))
    yield _message("/VMC/Ext/T", float(t_s))


def _pose(body: HumanoidBody) -> Iterator[OscMessage]:
    heading = np.array([0.0, 0.0, np.sin(body.heading_rad / 2), np.cos(body.heading_rad / 2)])
    x, y, height_m = body.root_world_m.astype(float)
    yield _placed("/VMC/Ext/Root/Pos", "root", np.array([x, y, 0.0]), heading)
    offsets_m = body.message.offsets_m.astype(float)
    turns = body.message.rotations_xyzw.astype(float)
    offsets_m[0] = 0.0, 0.0, height_m
    turns[0] = multiply(heading * (-1, -1, -1, 1), turns[0])
    for name, offset_m, turn in zip(body.bone_names, offsets_m, turns, strict=True):
        yield _placed("/VMC/Ext/Bone/Pos", name, offset_m, turn)


def _placed(address: str, name: str, position_m: np.ndarray, turn: np.ndarray) -> OscMessage:
    place = (*unity_position(position_m).tolist(), *unity_rotation(turn).tolist())
    return _message(address, name, *place)


def _message(address: str, *arguments: Argument) -> OscMessage:
    builder = OscMessageBuilder(address)
    for argument in arguments:
        builder.add_arg(argument)  # a float becomes OSC's float32
    return builder.build()


def _bundles(messages: Iterable[OscMessage]) -> Iterator[bytes]:
    """The messages in their order, in as few bundles as will hold them."""
    waiting: list[OscMessage] = []
    size = BUNDLE_HEADER_BYTES
    for message in messages:
        more = SIZE_BYTES + message.size
        if waiting and size + more > MAX_BYTES:
            yield _bundle(waiting).dgram
            waiting, size = [], BUNDLE_HEADER_BYTES
        waiting.append(message)
        size += more
    yield _bundle(waiting).dgram


def _bundle(messages: Iterable[OscMessage]) -> OscBundle:
    builder = OscBundleBuilder(IMMEDIATELY)
    for message in messages:
        builder.add_content(message)
    return builder.build()
