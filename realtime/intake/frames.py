"""What of a detector's frames can be used, in the network's format; the rest is counted."""

from dataclasses import dataclass

import msgspec

from ...core.conversions import Conversion, conversion
from ...core.errors import M2t3Error
from ...core.messages import Float32Array, ImageSize, Keypoints, KeypointsFrame
from ...core.skeletons import Skeleton
from ..counts import Counts
from .picture_size import rescaled, size_text
from .timeline import Timeline
from .usable import usable_joints


@dataclass(frozen=True)
class Taken:
    """A frame that will be answered."""

    frame: KeypointsFrame  # at the size that the camera was calibrated at
    people: list[Keypoints]  # in the network's format, NaN where a joint cannot be used
    restart: bool  # the source began anew with it


class Intake:
    """Takes one stream's frames. What it refuses or drops is in `counts`."""

    def __init__(self, skeleton: Skeleton, image_size_px: ImageSize) -> None:
        self.counts = Counts()
        self._skeleton, self._image_size_px = skeleton, image_size_px
        self._timeline = Timeline()
        self._conversions: dict[str, Conversion | None] = {}  # by the skeleton of a frame
        self._lasting_warnings: tuple[str, ...] = ()
        self._size_warning: tuple[str, ...] = ()  # about the last frame

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the user should know of the frames so far, and of the last one."""
        return self._lasting_warnings + self._size_warning

    def take(self, frame: KeypointsFrame, t_receive_ns: int) -> Taken | None:
        """What of `frame` can be used; None if it gets no answer."""
        frame = self._at_calibrated_size(frame)
        convert = self._conversion(frame.skeleton)
        if convert is None:
            self.counts.refused["skeleton"] += 1
            return None
        if frame.image_size_px != self._image_size_px:
            self.counts.refused["image_size"] += 1
            return None
        verdict = self._timeline.judge(frame, t_receive_ns)
        if verdict in ("next", "restart"):
            return Taken(frame, self._usable(frame, convert), verdict == "restart")
        kind = self.counts.refused if verdict == "timestamp" else self.counts.dropped
        kind[verdict] += 1
        return None

    def _at_calibrated_size(self, frame: KeypointsFrame) -> KeypointsFrame:
        """`frame` scaled to the camera file's size, or as it is where that cannot be done."""
        self._size_warning = ()
        if frame.image_size_px == self._image_size_px:
            return frame
        scaled = rescaled(frame, self._image_size_px)
        self._size_warning = (
            f"pictures have {size_text(frame.image_size_px)} pixels, the camera file "
            f"{size_text(self._image_size_px)}: "
            + (
                "other proportions, so what they show cannot be placed; set the camera to the "
                "calibrated size, or calibrate it at this one"
                if scaled is None
                else "keypoints are scaled, which is right unless the camera cuts off its edges "
                "at this size"
            ),
        )
        return frame if scaled is None else scaled

    def _conversion(self, skeleton: str) -> Conversion | None:
        """How keypoints of this format become the network's; None and a warning if they cannot."""
        if skeleton not in self._conversions:
            try:
                self._conversions[skeleton] = conversion(skeleton, self._skeleton.name)
            except M2t3Error as error:
                self._conversions[skeleton] = None
                self._lasting_warnings += (str(error),)
        return self._conversions[skeleton]

    def _usable(self, frame: KeypointsFrame, convert: Conversion) -> list[Keypoints]:
        usable: list[Keypoints] = []
        ids_seen: set[int] = set()
        for person in frame.people:
            if person.id in ids_seen:
                self.counts.refused["duplicate_ids"] += 1
                person = msgspec.structs.replace(person, id=None)
            elif person.id is not None:
                ids_seen.add(person.id)
            clean = self._clean(person, convert)
            if clean is None:
                self.counts.refused["empty_people"] += 1
            else:
                usable.append(clean)
        return usable

    def _clean(self, person: Keypoints, convert: Conversion) -> Keypoints | None:
        """`person` in the network's format; None if no joint of theirs can be used."""
        pixels_px, confidence, nonfinite, distant, anything = usable_joints(
            _read_only(person.keypoints_px), _read_only(person.confidence),
            *self._image_size_px, convert.index, convert.weight,
        )  # fmt: skip
        if nonfinite:
            self.counts.refused["nonfinite_joints"] += nonfinite
        if distant:
            self.counts.refused["distant_joints"] += distant
        if not anything:
            return None
        return Keypoints(keypoints_px=pixels_px, confidence=confidence, id=person.id)


def _read_only(array: Float32Array) -> Float32Array:
    """As arrays from the wire are: for any others, compiled functions would be compiled anew."""
    view = array.view()
    view.flags.writeable = False
    return view
