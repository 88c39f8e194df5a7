"""`m2t3 calibrate check`: see that the room is where the camera file says, and what to expect."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console

from ...core.errors import CalibrationError
from ..camera import Camera
from ..camera_checks import doubtful_height
from ..camera_files.camera_file import read_camera_file, read_lens_file
from ..floor.error import DISTANCES_M, floor_error_mm, heading, pitch_deg, roll_deg
from ..floor.picture import draw_floor
from ..floor.points_file import read_points
from ..moved import turn_between
from ..pictures import Picture, check_picture_path, first_picture, write_picture
from .placing import check_size

_TURNED_DEG = 0.05  # less is noise of the comparison
_TURNED_PX = 1.0


@dataclass(frozen=True)
class Check:
    """Draw floor grid and a 1.8 m pole over a picture; tell millimetres; has the camera moved?"""

    camera: Path
    """Camera file."""
    source: str | None = None
    """The camera's picture of now: its number (0), an address, a video or a picture. Without it,
    the reference picture that `m2t3 calibrate ground` kept."""
    out: Path | None = None
    """Picture to write; CAMERA.check.jpg beside the camera file if not given."""
    points: Path | None = None
    """Measured points (lines `x y z u v`) to compare with: how far off each is on the floor."""

    def run(self) -> int:
        """Report; with `source`, 1 unless the camera is where it was when it was calibrated.

        Raises:
            CalibrationError: no picture, or one of another size.
        """
        console = Console(highlight=False, soft_wrap=True)
        if self.out is not None:
            check_picture_path(self.out)
        camera, file = read_camera_file(self.camera).camera, read_lens_file(self.camera)
        ground = file.record.ground
        reference = None
        if ground is not None and ground.reference is not None:
            path = self.camera.with_name(ground.reference)
            reference = first_picture(str(path)) if path.exists() else None
        picture = first_picture(self.source) if self.source is not None else reference
        x, y, height = camera.t_world_camera_m
        console.print(
            f"{camera.name}: at x {x:.2f}, y {y:.2f}, {height:.2f} m above the floor, pitched "
            f"{pitch_deg(camera):.1f}° down, rolled {roll_deg(camera):.1f}°"
        )
        if ground is not None:
            console.print(
                f"by {ground.method} on {ground.date}, residual {ground.residual_px:g} px, pitch ± "
                f"{ground.pitch_sd_deg:.2f}°, height ± {1000 * ground.height_sd_m:.0f} mm"
            )
            self._expected(console, ground.floor_error_mm)
        else:
            console.print("how well it was calibrated is not in the file; for each 0.1° of pitch:")
            self._expected(console, _for_a_tenth_degree(camera))
        if (doubt := doubtful_height(camera)) is not None:
            console.print(f"[yellow]warning: {doubt}")
        if self.points is not None:
            self._compared(console, camera)
        if picture is None:
            console.print(
                "[yellow]no picture to draw on: give --source, or calibrate the ground with one"
            )
            return 0
        check_size(picture, file, self.camera)
        out = self.out or self.camera.with_name(f"{self.camera.stem}.check.jpg")
        write_picture(out, draw_floor(picture.bgr, camera))
        console.print(f"{out}: does the grid lie on the floor, and does the pole stand upright?")
        if self.source is None:
            return 0
        if reference is None:
            console.print(
                f"[yellow]warning: whether the camera was moved cannot be told: {self.camera} has "
                "no reference picture beside it; `m2t3 calibrate ground ... --source` keeps one"
            )
            return 1
        return self._moved(console, camera, reference, picture)

    def _expected(self, console: Console, errors_mm: dict[int, float]) -> None:
        for distance, mm in errors_mm.items():
            console.print(f"  {distance:3d} m away: {mm:.0f} mm")

    def _moved(self, console: Console, camera: Camera, before: Picture, now: Picture) -> int:
        turn = turn_between(camera, before.grey, now.grey)
        if turn is None:
            console.print(
                "[yellow]warning: this picture and the reference have too little in common to "
                "compare them: another view, or much darker? If the camera was moved, calibrate "
                "the ground again"
            )
            return 1
        if turn.angle_deg < _TURNED_DEG or turn.pixels < _TURNED_PX:
            console.print(
                f"not moved since: {turn.matches} points of the room are where they were "
                f"(± {turn.pixels:.1f} px)"
            )
            return 0
        off = _for_a_tenth_degree(camera)[5] * abs(turn.pitch_deg) * 10
        console.print(
            f"[bold red]the camera was moved since: by {turn.angle_deg:.2f}° ({turn.pixels:.1f} px,"
            f" {turn.matches} points agree), of it {turn.pitch_deg:+.2f}° of pitch, which alone is "
            f"{off:.0f} mm at 5 m. Calibrate the ground again."
        )
        return 1

    def _compared(self, console: Console, camera: Camera) -> None:
        assert self.points is not None
        points_m, points_px = read_points(self.points, (camera.width_px, camera.height_px))
        if points_px is None:
            raise CalibrationError(f"{self.points}: no pixels (u v) in it to compare with")
        rays = camera.rays_world(points_px)
        reach = (points_m[:, 2] - camera.t_world_camera_m[2]) / rays[:, 2]
        seen_m = camera.t_world_camera_m + reach[:, None] * rays
        off_mm = 1000 * np.linalg.norm(seen_m - points_m, axis=1)
        off_mm[~(reach > 0)] = np.inf  # a ray that never comes down to the point's height
        for point, off in zip(points_m, off_mm, strict=True):
            away = float(np.linalg.norm((point - camera.t_world_camera_m)[:2]))
            console.print(
                f"  {point[0]:8.3f} {point[1]:8.3f} {point[2]:8.3f} m, {away:.1f} m away: "
                f"off by {off:.0f} mm"
            )
        console.print(f"  median {np.median(off_mm):.0f} mm")


def _for_a_tenth_degree(camera: Camera) -> dict[int, float]:
    """Millimetres on the floor, by distance, when the pitch is off by 0.1 degrees."""
    across = np.cross([0, 0, 1], heading(camera))
    covariance = np.zeros((10, 10))
    covariance[:3, :3] = np.outer(across, across) * np.radians(0.1) ** 2
    return floor_error_mm(camera, covariance, DISTANCES_M)
