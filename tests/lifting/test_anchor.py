"""The first guess: near enough for the network, from whatever part of a person is seen."""

import dataclasses

import numpy as np
import pytest

from m2t3.core.errors import M2t3Error
from m2t3.core.skeletons import COCO17
from m2t3.lifting.anchor import canonical_body, guess_ground_position

BODY_M = canonical_body(COCO17)
LEGS = COCO17.index("left_knee", "right_knee", "left_ankle", "right_ankle")


def guess(person_world_m, camera_m, missing=(), ankles=()):
    offset = person_world_m - camera_m
    rays = offset / np.linalg.norm(offset, axis=-1, keepdims=True)
    seen = np.ones(len(rays), bool)
    seen[list(missing)] = False
    return guess_ground_position(rays, seen, camera_m, BODY_M, ankles)


@pytest.mark.parametrize("missing", [(), LEGS], ids=["whole", "without legs"])
@pytest.mark.parametrize("distance_m", [3.0, 5.0, 9.0])
@pytest.mark.parametrize("height_m", [0.6, 1.6, 2.4])
def test_a_standing_person_is_placed_within_a_quarter_of_the_distance(
    motion, distance_m, height_m, missing
):
    person = motion(30)[0]  # faces -x
    camera_m = np.array([person[:, 0].mean() - distance_m, 0.1, height_m])
    away = np.linalg.norm(person[list(COCO17.hips), :2].mean(axis=0) - camera_m[:2])
    found = np.linalg.norm(guess(person, camera_m, missing) - camera_m[:2])
    assert abs(found / away - 1) < 0.25


def off(person, camera_m, **options):
    """How far off the guess is, as a share of the distance."""
    away = np.linalg.norm(person[list(COCO17.hips), :2].mean(axis=0) - camera_m[:2])
    return abs(np.linalg.norm(guess(person, camera_m, **options) - camera_m[:2]) / away - 1)


@pytest.mark.parametrize("distance_m", [3.0, 5.0, 9.0])
@pytest.mark.parametrize("height_m", [1.6, 2.4])
@pytest.mark.parametrize("size", [0.85, 1.0, 1.15])
def test_the_floor_below_an_ankle_tells_small_people_from_far_ones(
    motion, distance_m, height_m, size
):
    person = size * motion(30)[0]
    camera_m = np.array([person[:, 0].mean() - distance_m, 0.1, height_m])
    assert off(person, camera_m, ankles=COCO17.ankles) < 0.13


@pytest.mark.parametrize("height_m", [0.05, 0.3, 1.0, 2.4])
def test_in_a_jump_the_floor_misleads_no_more_than_size_would(motion, height_m):
    person = motion(30)[0] + [0, 0, 0.4]
    camera_m = np.array([person[:, 0].mean() - 4.0, 0.1, height_m])
    assert off(person, camera_m, ankles=COCO17.ankles) < max(0.25, off(person, camera_m))


def test_without_an_ankle_in_sight_size_alone_tells(motion):
    person, camera_m = motion(30)[0], np.array([-4.0, 3.0, 2.0])
    np.testing.assert_array_equal(
        guess(person, camera_m, LEGS, COCO17.ankles), guess(person, camera_m, LEGS)
    )


def test_the_guess_lies_in_the_persons_direction(motion):
    person, camera_m = motion(30)[0], np.array([-4.0, 3.0, 2.0])
    to_guess, to_person = guess(person, camera_m) - camera_m[:2], person.mean(axis=0)[:2]
    to_person = to_person - camera_m[:2]
    cosine = to_guess @ to_person / np.linalg.norm(to_guess) / np.linalg.norm(to_person)
    assert np.degrees(np.arccos(cosine)) < 2


def test_joints_all_in_one_place_are_far_away_and_finite():
    camera_m = np.array([0.0, 0, 2])
    found = guess(np.tile([3.0, 0, 1], (COCO17.joint_count, 1)), camera_m)
    assert 20 < np.linalg.norm(found) < 31


def test_a_skeleton_with_joints_the_body_lacks_is_refused_by_name():
    tail = dataclasses.replace(COCO17, joint_names=(*COCO17.joint_names[:-1], "tail"))
    with pytest.raises(M2t3Error, match="tail"):
        canonical_body(tail)
