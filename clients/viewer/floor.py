"""The floor's drawings: metre numerals beside the axes and where the picture's edge meets it."""

from itertools import pairwise

import numpy as np

from ...core.geometry import rotation_from_quaternion
from ...core.messages import CameraModel
from ..python import Person

REACH_M = 6  # the axes carry numerals so far
NUMERAL_M = 0.11  # height of a numeral
PERSON_NUMERAL_M = 0.2  # height of a person's number,
ASIDE_M = 0.3  # which lies so far beside the person
ADVANCE = 1.5  # from letter to letter, in widths
GAP_M = 0.04  # between a line of the grid and its numeral
NO_LINES = np.zeros((0, 2, 3))
VIEW_REACH_M = 12.0  # the camera's view of the floor is drawn so far from the camera
EDGE_SAMPLES = 48

# Strokes of a plain font on a grid of 1 x 2: a polyline per string, a letter per point.
POINTS = {
    "a": (0.0, 2.0), "b": (1.0, 2.0), "c": (0.0, 1.0), "d": (1.0, 1.0), "e": (0.0, 0.0),
    "f": (1.0, 0.0), "g": (0.5, 1.0), "h": (0.5, 0.0), "i": (0.5, 2.0),
}  # fmt: skip
STROKES = {
    "0": ["abfea"], "1": ["ih"], "2": ["abdcef"], "3": ["abfe", "cd"], "4": ["acd", "bf"],
    "5": ["bacdfe"], "6": ["baefdc"], "7": ["abf"], "8": ["abfea", "cd"], "9": ["dcabfe"],
    "-": ["cd"], "m": ["ecdf", "gh"],
}  # fmt: skip


def text_on_floor(
    text: str, corner_m: tuple[float, float], height_m: float, yaw_rad: float
) -> np.ndarray:
    """Line segments (N, 2, 3) of `text` on the floor, for readers who look in direction `yaw_rad`.

    `corner_m` is its lower left corner, world x and y.
    """
    segments = [
        [(POINTS[point][0] + ADVANCE * column, POINTS[point][1]) for point in pair]
        for column, letter in enumerate(text)
        for stroke in STROKES[letter]
        for pair in pairwise(stroke)
    ]
    cos, sin = np.cos(yaw_rad), np.sin(yaw_rad)
    right_and_up = np.array([(sin, -cos, 0), (cos, sin, 0)])
    return np.array(segments) @ right_and_up * (height_m / 2) + (*corner_m, 0)


def metre_numerals(yaw_rad: float) -> np.ndarray:
    """Line segments (N, 2, 3) of the numerals along the x and y axis, one each metre."""
    marks = [metre for metre in range(-REACH_M, REACH_M + 1) if metre]
    places = [((m, 0.0), m) for m in marks] + [((0.0, m), m) for m in marks]
    return np.concatenate(
        [
            text_on_floor(f"{metre}m", (x + GAP_M, y + GAP_M), NUMERAL_M, yaw_rad)
            for (x, y), metre in places
        ]
    )


def number_on_floor(person: Person, yaw_rad: float) -> np.ndarray:
    """Line segments (N, 2, 3) of the person's number, beside where the person is."""
    x, y, _ = person.root_world_m.tolist()
    if not np.isfinite(x):
        return NO_LINES
    aside = (x + ASIDE_M * np.sin(yaw_rad), y - ASIDE_M * np.cos(yaw_rad))
    return text_on_floor(str(person.id), aside, PERSON_NUMERAL_M, yaw_rad)


def view_on_floor(camera: CameraModel) -> np.ndarray:
    """Where the edge of the camera's picture meets the floor: segments (N, 2, 3) metres.

    Lens distortion is left out. What is farther than VIEW_REACH_M from the camera is left out too,
    and with it whatever the camera sees above the horizon.
    """
    width, height = camera.image_size_px
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height), (0, 0)], float)
    steps = np.linspace(0, 4, 4 * EDGE_SAMPLES + 1)
    edge_px = np.stack([np.interp(steps, range(5), corners[:, axis]) for axis in (0, 1)], axis=1)
    rays_camera = np.insert(edge_px, 2, 1, axis=1) @ np.linalg.inv(np.reshape(camera.K, (3, 3))).T
    rays_world = rays_camera @ rotation_from_quaternion(np.array(camera.quaternion_xyzw)).T
    centre = np.array(camera.translation_m)
    with np.errstate(divide="ignore", invalid="ignore"):
        hits = centre - rays_world * (centre[2] / rays_world[:, 2:])
    seen = (rays_world[:, 2] < 0) & (np.linalg.norm(hits - centre, axis=1) < VIEW_REACH_M)
    return np.stack([hits[:-1], hits[1:]], axis=1)[seen[:-1] & seen[1:]]
