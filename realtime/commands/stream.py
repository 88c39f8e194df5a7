"""`m2t3-stream`: keypoints of one camera in, poses in the world out, until it is stopped."""

import gc
import sys
import threading
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from ...calibration.camera_files import camera_file, capture_source, keypoint_source
from ...core.errors import M2t3Error
from ...core.messages import SkeletonDefinition
from ...core.skeletons import skeleton
from ...core.stopping import stop_on_signals
from ...core.topics import POSE_ENDPOINT
from ...engines.manifest import DEFAULT_WEIGHTS
from ...lifting.smpl.live import LiveFitter
from ...lifting.smpl.model_file import LICENCE, read_body_model
from ..assembly import assemble
from ..display import Display
from ..health import Health
from ..pipeline import Pipeline
from ..serve import serve
from ..smpl_thread import SmplThread
from ..sockets.publisher import Publisher
from ..sources import Source
from ..sources.capture import CaptureSource
from ..sources.replay import ReplaySource
from ..sources.zmq import ZmqSource
from ..stream_name import stream_name

GETTING_READY = "getting ready; the first start on a machine compiles for up to a minute"
SWITCH_INTERVAL_S = 0.0005  # the reader thread gets its turn at once, not after 5 ms


@dataclass(frozen=True)
class Stream:
    """Lift the 2D keypoints of one calibrated camera to 3D world poses, live."""

    camera: Path
    """Camera file: lens, place, and where the keypoints come from."""
    publish: str = POSE_ENDPOINT
    """ZeroMQ endpoint to publish on. Addresses other than 127.0.0.1 are open to the network."""
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
    keys: Path | None = None
    """Folder of keys that `m2t3 keys new` made: both endpoints are encrypted, and only those whose
    keys are in it may connect."""
    look_ahead: int = 0
    """Frames to wait before each answer, such as 0, 2, 4 or 8. Two take a quarter to a
    third of the shaking out, and each costs the time between frames in latency."""
    smpl: Path | None = None
    """File of an SMPL, SMPL-H or SMPL-X body model: bodies are fitted beside the stream and
    published as m2t3.smpl (docs/bodies.md). Get it from Max Planck under their licence."""
    stream: str | None = None
    """Name of the stream in all topics; default: the camera file's."""

    def run(self) -> int:
        """Serve until SIGINT or SIGTERM, or to the end of a recording; returns the exit code."""
        file = camera_file.read_camera_file(self.camera)
        stream = stream_name(file, self.stream)
        model = None if self.smpl is None else read_body_model(self.smpl)
        console = Console(stderr=True)
        # Elsewhere rich writes a line break, which a full disk refuses.
        with console.status(GETTING_READY) if console.is_terminal else nullcontext():
            definition, pipeline = assemble(
                file.camera, stream, weights=self.weights, engine=self.engine, steps=self.steps,
                height_m=self.height, look_ahead=self.look_ahead,
            )  # fmt: skip
        fitter = None
        if model is not None:
            fitter = LiveFitter(model, skeleton(definition.skeleton))
            fitter.warm()
        with stop_on_signals() as stop:  # until here a signal ends the program at once
            source = open_source(file.source, stream, self.camera, self.keys)
            self._serve(source, definition, pipeline, fitter, stop)
        return 0

    def _serve(
        self,
        source: Source,
        definition: SkeletonDefinition,
        pipeline: Pipeline,
        fitter: LiveFitter | None,
        stop: threading.Event,
    ) -> None:
        try:
            publisher = Publisher(self.publish, definition, keys=self.keys)
        except M2t3Error:
            source.close()
            raise
        weights = definition.model
        facts = {
            "keypoints": source.description,
            "poses": f"publishing on {publisher.endpoint}",
            "model": f"{weights.weights} ({weights.licence}), on {weights.engine}",
        }
        smpl = None
        if fitter is not None:
            smpl = SmplThread(fitter, publisher.publish_smpl)
            facts["bodies"] = f"{fitter.model.gender} {fitter.model.kind.upper()} ({LICENCE})"
        # What has been loaded stays: the collector need not look at it again and again.
        gc.collect()
        gc.freeze()
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        health = Health(stream=definition.stream, session=definition.session, model=weights)
        try:
            with Display(facts) as display:
                serve(source, pipeline, publisher, health, stop, display.show, smpl)
        finally:
            source.close()
            if smpl is not None:
                smpl.close()
            publisher.close()


def open_source(
    config: keypoint_source.SourceConfig, stream: str, path: Path, keys: Path | None = None
) -> Source:
    """The source that the camera file at `path` describes.

    Raises:
        EndpointError: its endpoint is taken or none.
        RecordingError: its recording cannot be played.
        KeyringError: `keys`, the stream's folder of keys, lacks one.
        DetectorError: its detector cannot run.
    """
    match config:
        case keypoint_source.ZmqSource():
            return ZmqSource(config.endpoint, stream, bound=config.bind, keys=keys)
        case keypoint_source.ReplaySource():
            return ReplaySource(config.recording, stream, loop=config.loop, rate=config.rate)
        case capture_source.CaptureSource() if config.start:
            return CaptureSource(config, stream, path)
        case capture_source.CaptureSource():
            return ZmqSource(config.endpoint, stream, keys=keys)


if __name__ == "__main__":
    from ...__main__ import stream

    sys.exit(stream())
