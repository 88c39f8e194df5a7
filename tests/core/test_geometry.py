"""Rotations there and back."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from m2t3.core.geometry import looking, quaternion_from_rotation, rotation_from_quaternion

quaternions = arrays(float, 4, elements=st.floats(-1, 1)).filter(lambda q: np.linalg.norm(q) > 1e-3)


@given(quaternions)
def test_quaternion_to_rotation_and_back(q):
    R = rotation_from_quaternion(q)
    np.testing.assert_allclose(R @ R.T, np.eye(3), atol=1e-12)
    assert np.isclose(np.linalg.det(R), 1)
    back = quaternion_from_rotation(R)
    assert back[3] >= 0
    np.testing.assert_allclose(abs(back @ q), np.linalg.norm(q), atol=1e-12)


def test_a_quarter_turn_about_z_takes_x_to_y():
    R = rotation_from_quaternion(np.array([0, 0, np.sqrt(0.5), np.sqrt(0.5)]))
    np.testing.assert_allclose(R @ [1, 0, 0], [0, 1, 0], atol=1e-12)


def test_half_turns_have_quaternions_too():
    for axis in np.eye(3):
        R = 2 * np.outer(axis, axis) - np.eye(3)
        np.testing.assert_allclose(
            rotation_from_quaternion(quaternion_from_rotation(R)), R, atol=1e-12
        )


def test_a_camera_looks_ahead_with_level_pictures_unless_it_is_rolled():
    R = looking(np.array([0.0, 3.0, -4.0]))
    np.testing.assert_allclose(
        R, np.array([[1, 0, 0], [0, -0.8, 0.6], [0, -0.6, -0.8]]), atol=1e-12
    )
    rolled = looking(np.array([0.0, 3.0, -4.0]), np.radians(10))
    np.testing.assert_allclose(rolled[:, 2], R[:, 2], atol=1e-12)
    up_in_picture = rolled.T @ [0, 0, 1]
    assert np.isclose(np.degrees(np.arctan2(-up_in_picture[0], -up_in_picture[1])), 10)
