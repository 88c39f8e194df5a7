"""`m2t3 lift`: a keypoint recording to world poses, through the pipeline of the live stream."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import tyro
from rich.console import Console
from rich.progress import track

from ...calibration.camera_files.camera_file import read_camera_file
from ...core.clock import SECOND_NS, monotonic_ns
from ...core.conversions import conversion
from ...core.errors import M2t3Error, RecordingError
from ...core.messages import Pose, PoseFrame
from ...core.out_file import check_out, writing
from ...engines.manifest import DEFAULT_WEIGHTS
from ..assembly import assemble
from ..sources import Received
from ..sources.replay import read_played, timed_frames


@dataclass(frozen=True)
class Lift:
    """Lift a recording of 2D keypoints to 3D world poses, as fast as it goes."""

    keypoints: Annotated[Path, tyro.conf.Positional]
    """Recording (npz) of one person: keypoints (T, J, 3), fps, image_size. Or of all people:
    keypoints_px (T, P, J, 2), confidence (T, P, J), person_id (T, P), t_capture_ns (T,), fps,
    image_size_px, skeleton. Or what `m2t3 record` wrote (mcap): the same poses again."""
    out: Path
    """File to write (npz): positions_world_m (T, P, J, 3), confidence (T, P, J), ..."""
    camera: Path | None = None
    """Camera file; not needed if the recording itself holds K, dist, R, t and image_size."""
    weights: str = DEFAULT_WEIGHTS
    """Name of shipped weights, or the folder of others."""
    engine: str = "auto"
    """What runs the network; `m2t3 doctor` lists what can run here. auto: the one measured to
    be the fastest, once."""
    steps: int = 1
    """Sampling steps; more are slower and seldom better."""
    height: float | None = None
    """Height in metres of the person to be seen, if known: places them better, most of all before
    a low camera. Otherwise it is learned over the session."""
    look_ahead: int = 0
    """Frames to wait before each answer, such as 0, 2, 4 or 8. Two take a quarter to a
    third of the shaking out, and each costs the time between frames in latency."""

    def run(self) -> int:
        """Write the poses and return the exit code.

        Raises:
            RecordingError: no recording, no camera in it, a camera of another picture size, or
                keypoints of a format that does not tell what the network asks for.
            M2t3Error: `out` cannot be written.
        """
        if self.out.suffix != ".npz":
            raise M2t3Error(f"--out {self.out}: poses end in .npz, so that others read them")
        check_out(self.out, self.keypoints)
        camera = read_camera_file(self.camera).camera if self.camera else None
        recording = read_played(self.keypoints, camera.name if camera else None)
        camera = camera or recording.camera
        if camera is None:
            raise RecordingError(f"{self.keypoints} holds no camera: give one with --camera FILE")
        if recording.image_size_px != (camera.width_px, camera.height_px):
            raise RecordingError(
                f"{self.keypoints} is of pictures of {recording.image_size_px} px, the camera of "
                f"{(camera.width_px, camera.height_px)} px: give the camera file that belongs to it"
            )
        console = Console(stderr=True)
        with console.status("loading the network"):
            definition, pipeline = assemble(
                camera, camera.name, weights=self.weights, engine=self.engine, steps=self.steps,
                height_m=self.height, look_ahead=self.look_ahead,
            )  # fmt: skip
        try:
            conversion(recording.skeleton, definition.skeleton)
        except M2t3Error as error:
            raise RecordingError(f"{self.keypoints}: {error}") from None
        t_start_ns = monotonic_ns()
        frames = list(timed_frames(recording, camera.name))
        due = [
            pipeline.process(received.frame, received.t_receive_ns)
            for received in track(frames, "lifting", console=console)
        ]
        answers = {
            (answer.source_session, answer.source_seq, answer.t_capture_ns): answer
            for answer in (*due, *pipeline.flush())
            if answer is not None
        }
        seconds = (monotonic_ns() - t_start_ns) / SECOND_NS
        rows = _rows(frames, answers)
        arrays = pose_arrays([answer for _, answer in rows], len(definition.joint_names))
        with writing(self.out):
            np.savez_compressed(
                self.out,
                **arrays,
                t_capture_ns=np.array([r.frame.t_capture_ns for r, _ in rows]),
                t_receive_ns=np.array([r.t_receive_ns for r, _ in rows]),
                source_session=np.array([r.frame.session for r, _ in rows]),
                joint_names=np.array(definition.joint_names),
                fps=recording.fps,
            )
        people = len(set(arrays["person_id"].ravel().tolist()) - {-1})
        console.print(
            f"{self.out}: {len(rows)} frames, {people} people, "
            f"{len(frames) / seconds:.0f} frames per second",
            highlight=False,
            soft_wrap=True,
        )
        for kind, count in sorted((pipeline.counts.refused + pipeline.counts.dropped).items()):
            console.print(f"[yellow]{count} {kind}", highlight=False)
        return 0


def _rows(
    frames: Sequence[Received], answers: dict[tuple[str, int, int], PoseFrame]
) -> list[tuple[Received, PoseFrame | None]]:
    """The frames with their answers, without those that came twice or too late to have any."""
    left = dict(answers)
    rows: list[tuple[Received, PoseFrame | None]] = []
    for received in frames:
        frame = received.frame
        answer = left.pop((frame.session, frame.seq, frame.t_capture_ns), None)
        last = rows[-1][0].frame if rows else None
        if (
            answer is None
            and last is not None
            and frame.session == last.session
            and frame.t_capture_ns <= last.t_capture_ns
        ):
            continue
        rows.append((received, answer))
    return rows


def pose_arrays(answers: Sequence[PoseFrame | None], joint_count: int) -> dict[str, Any]:
    """Answers as arrays over T frames and P columns; a person keeps one column while present.

    Returns:
        positions_world_m (T, P, J, 3), confidence (T, P, J) and contact (T, P, 2), NaN where nobody
        is, and person_id (T, P), -1 where nobody is.
    """
    column_of: dict[int, int] = {}
    placed: list[tuple[int, int, Pose]] = []
    for t, answer in enumerate(answers):
        for person in answer.people if answer is not None else ():
            if person.state == "left":
                column_of.pop(person.id, None)
                continue
            if person.id not in column_of:
                free = (c for c in itertools.count() if c not in column_of.values())
                column_of[person.id] = next(free)
            placed.append((t, column_of[person.id], person))
    shape = len(answers), max((column for _, column, _ in placed), default=0) + 1
    positions_world_m = np.full((*shape, joint_count, 3), np.nan, np.float32)
    confidence = np.full((*shape, joint_count), np.nan, np.float32)
    contact = np.full((*shape, 2), np.nan, np.float32)
    person_id = np.full(shape, -1)
    for t, column, person in placed:
        positions_world_m[t, column] = person.positions_world_m
        confidence[t, column] = person.confidence
        contact[t, column] = person.contact
        person_id[t, column] = person.id
    return {
        "positions_world_m": positions_world_m,
        "confidence": confidence,
        "contact": contact,
        "person_id": person_id,
    }
