"""What a camera file remembers of its calibration: the optional key `calibration`.

calibration:
  lens: {date: "2026-11-24", board: "chessboard:7x4:60", views: 22, rms_px: 0.18,
         focal_sd_px: 2.1, principal_point_sd_px: 3.4}
  ground: {date: "2026-11-24", method: board, residual_px: 0.31, pitch_sd_deg: 0.05,
           height_sd_m: 0.004, floor_error_mm: {3: 4, 5: 9, 10: 33}, reference: cam0.ground.jpg}
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ...core.errors import CameraFileError
from .strict_yaml import mapping, number, shown, typed


@dataclass(frozen=True)
class LensRecord:
    """How the lens was calibrated."""

    date: str  # ISO 8601
    board: str  # the word of calibration.boards
    views: int
    rms_px: float
    focal_sd_px: float  # the larger of fx and fy
    principal_point_sd_px: float  # the larger of cx and cy


@dataclass(frozen=True)
class GroundRecord:
    """How the camera's place in the room was found."""

    date: str  # ISO 8601
    method: str  # board, points or person
    residual_px: float  # root mean square
    pitch_sd_deg: float
    height_sd_m: float
    floor_error_mm: dict[int, float]  # by distance over the floor in metres; standard deviation
    reference: str | None = None  # picture taken then, beside the camera file


@dataclass(frozen=True)
class CalibrationRecord:
    """Either part, or both."""

    lens: LensRecord | None = None
    ground: GroundRecord | None = None


def record_of(content: object) -> CalibrationRecord:
    """The value of the key `calibration`, checked.

    Raises:
        CameraFileError: naming what is wrong.
    """
    keys = mapping(content, "calibration", (), optional=("lens", "ground"))
    lens = ground = None
    if "lens" in keys:
        where = "calibration: lens"
        fields = mapping(keys["lens"], where, LensRecord.__annotations__)
        lens = LensRecord(
            **_of_type(fields, where, str, "date", "board"),
            **_of_type(fields, where, int, "views"),
            **_numbers(fields, where, "rms_px", "focal_sd_px", "principal_point_sd_px"),
        )
    if "ground" in keys:
        where = "calibration: ground"
        *required, reference = GroundRecord.__annotations__
        fields = mapping(keys["ground"], where, required, optional=(reference,))
        named = _of_type(fields, where, str, reference) if reference in fields else {}
        name = named.get(reference)
        if name is not None and (not name or Path(name).name != name):
            raise CameraFileError(
                f"{where}: {reference} is {shown(name)}; it is the name of a picture that lies "
                "beside the camera file"
            )
        ground = GroundRecord(
            **_of_type(fields, where, str, "date", "method"),
            **_numbers(fields, where, "residual_px", "pitch_sd_deg", "height_sd_m"),
            floor_error_mm=_by_distance(fields["floor_error_mm"], f"{where}: floor_error_mm"),
            **named,
        )
    return CalibrationRecord(lens, ground)


def record_keys(record: CalibrationRecord) -> dict[str, Any]:
    """What `record_of` reads, without what is unknown."""
    parts = {key: part for key, part in vars(record).items() if part is not None}
    return {
        key: {name: value for name, value in asdict(part).items() if value is not None}
        for key, part in parts.items()
    }


def _of_type(fields: Mapping[str, Any], where: str, kind: type, *names: str) -> dict[str, Any]:
    return {name: typed(fields[name], f"{where}: {name}", kind) for name in names}


def _numbers(fields: Mapping[str, Any], where: str, *names: str) -> dict[str, Any]:
    return {name: number(fields[name], f"{where}: {name}") for name in names}


def _by_distance(content: object, where: str) -> dict[int, float]:
    if not isinstance(content, dict) or not all(type(key) is int for key in content):
        raise CameraFileError(f"{where} is {shown(content)}; it is a mapping like {{3: 4, 5: 9}}")
    return {key: number(value, f"{where}: {key}") for key, value in content.items()}
