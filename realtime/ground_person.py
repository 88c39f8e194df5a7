"""`m2t3 calibrate ground person`: the floor from people of known height who walk about."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console

from ..calibration.camera_files.camera_file import read_lens_file
from ..calibration.commands.placing import check_size, finish, lens_sd_px
from ..calibration.floor.error import pitch_sd_deg
from ..calibration.floor.person import Walker, fit_floor_person
from ..calibration.pictures import first_picture
from ..core.clock import SECOND_NS
from ..core.conversions import FORMATS
from ..core.errors import CalibrationError
from ..lifting.recording import Recording, read_recording

MIN_CONFIDENCE = 0.3


@dataclass(frozen=True)
class GroundPerson:
    """The floor from people who walk about, nothing measured but their height. The least sure way.

    The world's origin is on the floor below the camera, x where the camera looks. Half a minute,
    towards the camera, away from it and across, upright, in view from head to feet.
    """

    camera: Path
    """Camera file with a calibrated lens; the camera's place is written into it."""
    keypoints: Path
    """Recording of 2D keypoints (npz), as `m2t3 lift` takes it."""
    height: float
    """The person's height in metres, with shoes; of all people in the recording."""
    source: str | None = None
    """The fixed camera's picture, kept as the reference that `m2t3 calibrate check` compares with:
    its number (0), an address, a video or a picture."""

    def run(self) -> int:
        """Find the camera's pitch, roll and height.

        Raises:
            CalibrationError: keypoints of another picture size, or nobody who walks about.
        """
        console = Console(highlight=False, soft_wrap=True)
        file = read_lens_file(self.camera)
        recording = read_recording(self.keypoints)
        size = file.lens.width_px, file.lens.height_px
        if recording.image_size_px != size:
            raise CalibrationError(
                f"{self.keypoints} is of pictures of {recording.image_size_px} px, {self.camera} is"
                f" for {size}"
            )
        picture = first_picture(self.source) if self.source is not None else None
        if picture is not None:
            check_size(picture, file, self.camera)
        people = walkers(recording, self.height)
        fit = fit_floor_person(file.lens, FORMATS[recording.skeleton], people, lens_sd_px(file))
        console.print(
            "[yellow]warning: from a walking person, pitch and height are estimates; "
            f"± {pitch_sd_deg(fit.camera, fit.covariance):.2f}° here. A board or measured points "
            "on the floor are several times surer"
        )
        finish(console, self.camera, fit, "person", picture)
        return 0


def walkers(recording: Recording, height_m: float) -> list[Walker]:
    """Everybody in a recording; what the detector was not sure of is NaN."""
    seen = recording.confidence >= MIN_CONFIDENCE
    keypoints_px = np.where(seen[..., None], recording.keypoints_px, np.nan).astype(float)
    seconds = (recording.t_capture_ns - recording.t_capture_ns[0]) / SECOND_NS
    people = []
    for person in np.unique(recording.person_id[recording.person_id >= 0]):
        frames, columns = np.nonzero(recording.person_id == person)
        people.append(Walker(keypoints_px[frames, columns], seconds[frames], height_m))
    return people
