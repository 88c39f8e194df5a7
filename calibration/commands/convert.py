"""`m2t3 calibrate import` and `export`: camera files of other programs."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import tyro

from ...core.errors import CameraFileError
from ...core.out_file import check_out
from ..camera_files.camera_file import (
    UNUSED_ROS_KEYS,
    lens_keys,
    place_keys,
    read_camera,
)
from ..camera_files.edit import keys_in, update_camera_file
from ..formats.foreign import Foreign, camera_name
from ..formats.table import FORMATS, FormatName, read_foreign


@dataclass(frozen=True)
class ImportCamera:
    """Take a camera from another program's file: OpenCV, ROS, Kalibr, Pose2Sim, Qualisys."""

    file: Annotated[Path, tyro.conf.Positional]
    """OpenCV FileStorage, ROS camera_info, Kalibr camchain, Pose2Sim/Caliscope TOML or Qualisys
    .qca.txt."""
    out: Path
    """Camera file to write; what else stands in it stays, but for the record of a calibration."""
    format: FormatName | None = None
    """Which of them it is; found out if not given."""
    pick: str | None = None
    """Name of the camera, if the file has several."""
    name: str | None = None
    """Name it so."""
    as_is: bool = False
    """Believe the file when it has the camera on its side, upside down or very high up."""

    def run(self) -> int:
        """Write the camera file.

        Raises:
            CameraFileError: the file cannot be read, or its convention cannot be right.
            M2t3Error: `out` cannot be written, or is the file that is read.
        """
        there = keys_in(self.out, self.file)
        item = read_foreign(self.file, self.format, self.pick, self.as_is)
        camera = replace(item.camera, name=camera_name(self.name or item.name))
        keys: dict[str, Any] = lens_keys(camera)
        if item.placed:
            keys["T_world_camera"] = place_keys(camera)
        if item.placed and "source" not in there:
            keys["source"] = {"type": "zmq", "stream": camera.name}
        # What was found out about the lens and the place before is not true of these.
        update_camera_file(self.out, keys, without=("calibration", *UNUSED_ROS_KEYS))
        if item.placed:
            x, y, z = camera.t_world_camera_m
            print(f"{self.out}: {camera.name} at x {x:.2f}, y {y:.2f}, {z:.2f} m above the floor")
            print(f"See that it is right: m2t3 calibrate check --camera {self.out} --source ...")
        else:
            print(f"{self.out}: the lens of {camera.name}. Where the camera stands is next:")
            print(f"m2t3 calibrate ground board --camera {self.out} --source ... --board ...")
        return 0


@dataclass(frozen=True)
class ExportCamera:
    """Give a camera to another program."""

    camera: Path
    """Camera file."""
    out: Path
    """File to write."""
    format: FormatName
    """Whose format. ros and kalibr say nothing of where the camera stands."""

    def run(self) -> int:
        """Write the file.

        Raises:
            CameraFileError: the camera file is not sound, or the format has no such camera.
            M2t3Error: `out` cannot be written, or is the camera file.
        """
        check_out(self.out, self.camera)
        item = Foreign(*read_camera(self.camera))
        try:
            FORMATS[self.format].write(self.out, item)
        except CameraFileError as error:
            raise CameraFileError(f"{self.out}: {error}") from None
        except OSError as error:
            raise CameraFileError(f"{self.out}: cannot be written ({error.strerror})") from None
        placed = item.placed and FORMATS[self.format].places
        print(f"{self.out}: {item.camera.name}, {'lens and place' if placed else 'lens only'}")
        return 0
