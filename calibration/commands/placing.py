"""What all ways to find the ground end with: the report, the camera file, the reference picture."""

import datetime
from pathlib import Path

import numpy as np
from rich.console import Console

from ...core.errors import CalibrationError
from ..camera import Camera
from ..camera_files.camera_file import LensFile, place_keys, read_lens_file
from ..camera_files.edit import update_camera_file
from ..camera_files.record import CalibrationRecord, GroundRecord, record_keys
from ..floor.error import floor_error_mm, pitch_deg, pitch_sd_deg, roll_deg
from ..floor.place_fit import PlaceFit, up_in_picture
from ..pictures import Picture, write_picture

_UPSIDE_DOWN = -0.1  # of `up_in_picture`; one that looks straight down is about 0
LENS_SD = 0.01  # of focal length and principal point, when the file tells nothing of its lens


def lens_sd_px(file: LensFile) -> np.ndarray:
    """Standard deviations of fx, fy, cx, cy, (4,)."""
    if (record := file.record.lens) is not None:
        return np.array([record.focal_sd_px] * 2 + [record.principal_point_sd_px] * 2)
    return LENS_SD * np.array([file.lens.K[0, 0], file.lens.K[1, 1]] * 2) * [1, 1, 0.5, 0.5]


def check_size(picture: Picture, file: LensFile, path: Path) -> None:
    """Refuse a picture that is not of this camera's size."""
    expected = file.lens.width_px, file.lens.height_px
    if picture.size_px != expected:
        raise CalibrationError(
            f"{picture.name} is {picture.size_px[0]} x {picture.size_px[1]} px, {path} is for "
            f"{expected[0]} x {expected[1]}: take it with the camera as the lens was calibrated"
        )


def question_upside_down(camera: Camera, why: str) -> None:
    """Refuse a camera that would be upside down; `why` asks for what may be wrong instead."""
    if up_in_picture(camera) < _UPSIDE_DOWN:
        raise CalibrationError(
            f"the camera would be upside down, rolled {roll_deg(camera):.0f}°: {why}; if the "
            "camera truly is mounted like that: --as-is"
        )


def finish(
    console: Console, camera: Path, fit: PlaceFit, method: str, picture: Picture | None
) -> None:
    """Report the place, write it into the camera file, keep the picture as a reference."""
    file = read_lens_file(camera)
    errors = floor_error_mm(fit.camera, fit.covariance)
    x, y, height = fit.camera.t_world_camera_m
    pitch_sd = pitch_sd_deg(fit.camera, fit.covariance)
    height_sd = float(np.sqrt(fit.covariance[5, 5]))
    console.print(
        f"camera at x {x:.3f}, y {y:.3f}, {height:.3f} ± {height_sd:.3f} m above the floor\n"
        f"pitch {pitch_deg(fit.camera):.2f} ± {pitch_sd:.2f}° down, "
        f"roll {roll_deg(fit.camera):.2f}°, residual {fit.rms_px:.2f} px RMS"
    )
    expected = ", ".join(f"{mm:.0f} mm at {distance} m" for distance, mm in errors.items())
    console.print(f"expect a person's place on the floor to be off by {expected}")
    for warning in fit.warnings:
        console.print(f"[yellow]warning: {warning}")
    reference = None
    if picture is not None:
        path = camera.with_name(f"{camera.stem}.ground.jpg")
        write_picture(path, picture.bgr)
        reference = path.name
    ground = GroundRecord(
        date=datetime.date.today().isoformat(),
        method=method,
        residual_px=round(fit.rms_px, 3),
        pitch_sd_deg=round(pitch_sd, 4),
        height_sd_m=round(height_sd, 4),
        floor_error_mm={distance: round(mm, 1) for distance, mm in errors.items()},
        reference=reference,
    )
    keys = {
        "T_world_camera": place_keys(fit.camera),
        "calibration": record_keys(CalibrationRecord(file.record.lens, ground)),
    }
    if not file.has_source:
        keys["source"] = {"type": "zmq", "stream": file.lens.name}
    update_camera_file(camera, keys)
    console.print(f"{camera} written. See that it is right: m2t3 calibrate check --camera {camera}")
    if file.record.lens is None:
        console.print(
            f"[yellow]{camera} tells nothing of how sure its lens is; {100 * LENS_SD:g} % was taken"
        )
