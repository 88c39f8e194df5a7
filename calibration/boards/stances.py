"""How a board is held in each view, which views to take, and which are missing."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float, UInt8
from numpy.typing import NDArray

from ..camera import Camera
from ..placement import pose_of
from .detection import View

GOOD_VIEWS = 15
CELLS = 3  # the picture is divided into CELLS x CELLS
_TILT_DEG = 15.0  # a board tilted by less tells little of the focal length
_NEW = 0.35  # distance from the nearest view taken, below which a view tells nothing new
_NEAR = 0.4  # a near board's diagonal, of the picture's
_BLURRED = 0.6  # of the sharpest views' sharpness

_ROWS, _COLUMNS = ("top", "middle", "bottom"), ("left", "middle", "right")


@dataclass(frozen=True, eq=False)
class Stance:
    """How a board is held."""

    centre: Float[NDArray, "2"]  # its middle, of the picture's width and height
    tilt_deg: Float[NDArray, "2"]  # right side away, and top away; 0: it faces the camera
    roll_deg: float  # turned in the picture, clockwise from upright, -180 to 180
    size: float  # its diagonal, of the picture's
    cells: frozenset[tuple[int, int]]  # row and column of the cells with corners in them

    @property
    def features(self) -> Float[NDArray, "7"]:
        """What makes views different, each about 1 from one end to the other."""
        double = np.radians(2 * self.roll_deg)  # upside down is as good as upright
        return np.array(
            [
                *(1.5 * self.centre), *(self.tilt_deg / 40), np.log2(self.size),
                0.4 * np.cos(double), 0.4 * np.sin(double),
            ]
        )  # fmt: skip


def guessed_lens(image_size_px: tuple[int, int]) -> Camera:
    """A usual lens, good enough to tell how a board is held before the lens is known."""
    width, height = image_size_px
    focal = 0.9 * max(width, height)
    return Camera(
        name="guess",
        width_px=width,
        height_px=height,
        K=np.array([[focal, 0, (width - 1) / 2], [0, focal, (height - 1) / 2], [0, 0, 1.0]]),
        distortion_model="plumb_bob",
        distortion=np.zeros(5),
        R_world_camera=np.eye(3),
        t_world_camera_m=np.zeros(3),
    )


def stance(view: View, lens: Camera) -> Stance | None:
    """How the board of `view` is held before `lens`; None if its corners fix no place."""
    normalised = lens.undistort(view.points_px)
    if (pose := pose_of(view.points_board_m, normalised)) is None:
        return None
    R = pose[0]
    size = np.array([lens.width_px, lens.height_px])
    normal, across = R[:, 2], R[:, 0]  # out of the paper, and to the right on it
    in_picture = view.points_px / size
    cells = np.clip((in_picture[:, ::-1] * CELLS).astype(int), 0, CELLS - 1)
    return Stance(
        centre=in_picture.mean(axis=0),
        tilt_deg=np.degrees(np.arctan2([normal[0], -normal[1]], -normal[2])),
        roll_deg=float(np.degrees(np.arctan2(across[1], across[0]))),
        size=float(np.linalg.norm(np.ptp(view.points_px, axis=0)) / np.linalg.norm(size)),
        cells=frozenset(map(tuple, cells.tolist())),
    )


def is_new(candidate: Stance, taken: Sequence[Stance]) -> bool:
    """Whether a view differs from all that were taken."""
    return all(np.linalg.norm(candidate.features - s.features) > _NEW for s in taken)


def missing_views(stances: Sequence[Stance]) -> list[str]:
    """What to show the camera besides, in words; nothing when there is enough of everything."""
    wishes = []
    if places := unreached(stances):
        wishes.append(f"the board at the picture's {', '.join(places)}")
    tilts = np.array([s.tilt_deg for s in stances]).reshape(-1, 2)
    sides = (("its left side", "its right side"), ("its bottom", "its top"))
    for axis, (minus, plus) in enumerate(sides):
        if not (tilts[:, axis] < -_TILT_DEG).any():
            wishes.append(f"{minus} tilted away by 20 to 45 degrees")
        if not (tilts[:, axis] > _TILT_DEG).any():
            wishes.append(f"{plus} tilted away by 20 to 45 degrees")
    rolls = np.array([s.roll_deg for s in stances])
    turned = np.abs((rolls - (rolls[0] if len(rolls) else 0) + 90) % 180 - 90)
    if not (turned > 50).any():
        wishes.append("the board turned by a quarter, upright and lying")
    if not any(s.size > _NEAR for s in stances):
        wishes.append("the board nearer, so that it fills half of the picture")
    if len(stances) < GOOD_VIEWS:
        wishes.append(f"more views: {len(stances)} of {GOOD_VIEWS}")
    return wishes


def unreached(stances: Sequence[Stance]) -> list[str]:
    """Parts of the picture in which no view has a corner, in words."""
    seen = frozenset().union(*(s.cells for s in stances))
    every = [(row, column) for row in range(CELLS) for column in range(CELLS)]
    return [_place(cell) for cell in every if cell not in seen]


def sharpness(picture: UInt8[NDArray, "height width"], view: View) -> float:
    """How steep edges are on the board, of the contrast per pixel: 0.5 is sharp, 0.1 blurred."""
    low = np.maximum(np.floor(view.points_px.min(axis=0)).astype(int), 0)
    high = np.ceil(view.points_px.max(axis=0)).astype(int) + 1
    part = picture[low[1] : high[1], low[0] : high[0]].astype(np.float32)
    if part.size < 64:
        return 0.0
    slopes = np.hypot(cv2.Scharr(part, cv2.CV_32F, 1, 0), cv2.Scharr(part, cv2.CV_32F, 0, 1)) / 32
    dark, bright = np.percentile(part, [5, 95])
    return float(np.percentile(slopes, 98) / max(bright - dark, 1.0))


def choose(stances: Sequence[Stance], sharpnesses: Sequence[float], count: int) -> list[int]:
    """Indices of at most `count` views, the blurred ones left out, as varied as can be.

    Each is the one farthest from those chosen before (Gonzalez 1985), sharpness counting a little.
    """
    sharp = np.asarray(sharpnesses, float)
    candidates = np.flatnonzero(sharp >= _BLURRED * np.percentile(sharp, 90))
    features = np.array([s.features for s in stances])
    chosen = [int(candidates[np.argmax(sharp[candidates])])]
    while len(chosen) < min(count, len(candidates)):
        away = features[candidates, None] - features[chosen]
        gain = np.linalg.norm(away, axis=-1).min(axis=1)
        gain *= 1 + sharp[candidates] / sharp.max()
        if not gain.max() > 0:
            break
        chosen.append(int(candidates[np.argmax(gain)]))
    return sorted(chosen)


def _place(cell: tuple[int, int]) -> str:
    row, column = _ROWS[cell[0]], _COLUMNS[cell[1]]
    return "middle" if row == column else f"{row} {column}"
