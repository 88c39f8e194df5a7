"""Write a recording of several people of mocap in one room, and its camera, for stream.py.

python benchmarks/party.py --mocap val.npz --out party
python benchmarks/stream.py --recording party/party.npz --camera party/party.yaml --rates 30
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tyro
from mocap_crowd import party

from m2t3.calibration.camera_files.camera_file import as_yaml, lens_keys, place_keys
from m2t3.core.clock import SECOND_NS
from m2t3.core.skeletons import COCO17
from m2t3.lifting.recording import Recording, write_recording
from m2t3.training.archive import read_archive

SHORTEST = 60  # frames of a clip that is worth its place


@dataclass(frozen=True)
class Party:
    """People before a random camera; joints outside the picture are missing."""

    mocap: Path
    """Mocap archive (npz)."""
    out: Path
    """Folder for party.npz and party.yaml."""
    people: int = 4
    """How many."""
    fps: float = 30.0
    """Frames a second."""
    seconds: float = 20.0
    """Length; stream.py plays it in a loop."""
    seed: int = 3
    """Of clips, ways and camera."""

    def run(self) -> None:
        """Write both files."""
        archive = read_archive(self.mocap, COCO17)
        every = [archive.clip(i).astype(float) for i in range(len(archive.clip_names))]
        clips = [clip for clip in every if len(clip) > SHORTEST]
        rng = np.random.default_rng(self.seed)
        scene = party(clips, archive.fps, self.fps, self.people, rng, seconds=self.seconds)
        camera = scene.camera
        px = np.stack([camera.project(body) for body in scene.truth_world_m], axis=1)
        size_px = camera.width_px, camera.height_px
        inside = ((px >= 0) & (px < size_px)).all(axis=-1)
        frames = len(px)
        recording = Recording(
            keypoints_px=np.where(inside[..., None], px, np.nan).astype(np.float32),
            confidence=inside.astype(np.float32),
            person_id=np.tile(np.arange(1, self.people + 1), (frames, 1)),
            t_capture_ns=1 + (np.arange(frames) * SECOND_NS / self.fps).astype(np.int64),
            fps=self.fps,
            image_size_px=size_px,
            skeleton=COCO17.name,
        )
        self.out.mkdir(parents=True, exist_ok=True)
        write_recording(self.out / "party.npz", recording)
        keys = {**lens_keys(camera), "T_world_camera": place_keys(camera)}
        keys |= {"camera_name": "cam0", "source": {"type": "zmq", "stream": "cam0"}}
        (self.out / "party.yaml").write_text(as_yaml(keys))


if __name__ == "__main__":
    tyro.cli(Party).run()
