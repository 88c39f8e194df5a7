"""Left and right: a detector's swaps are undone, a turning person is left alone."""

import warnings

import numpy as np
import pytest

from m2t3.core.skeletons import COCO17
from m2t3.lifting.sides import SideFilter
from m2t3.realtime.commands.demo_recording import demo_recording

MIRROR = np.array(COCO17.mirror)
AS_LABELLED = np.arange(COCO17.joint_count)


def rays_of(camera, px):
    rays = camera.rays_world(px)
    seen = np.isfinite(rays).all(axis=-1)
    return np.where(seen[..., None], rays, 0.0), seen


def orders(rays, seen, fps):
    sides = SideFilter(COCO17)
    frames = enumerate(zip(rays, seen, strict=True))
    return np.stack([sides.order(t / fps, r, s) for t, (r, s) in frames])


def swapped(rays, seen, where):
    """What a detector says that swaps sides in the frames `where`."""
    return (
        np.where(where[:, None, None], rays[:, MIRROR], rays),
        np.where(where[:, None], seen[:, MIRROR], seen),
    )


@pytest.mark.parametrize("fps", [10, 15, 25, 30, 60])
def test_motion_without_swaps_is_never_touched(camera, motion, fps):
    found = orders(*rays_of(camera, camera.project(motion(fps, 14.0))), fps)
    np.testing.assert_array_equal(found, np.tile(AS_LABELLED, (len(found), 1)))


@pytest.mark.parametrize("fps", [15, 30])
def test_a_noisy_detector_that_does_not_swap_is_never_touched(camera, fps):
    keypoints_px = demo_recording(camera, fps).keypoints_px[:, 0]
    found = orders(*rays_of(camera, keypoints_px), fps)
    np.testing.assert_array_equal(found, np.tile(AS_LABELLED, (len(found), 1)))


@pytest.mark.parametrize("fps", [15, 40])
def test_swaps_of_up_to_a_second_are_undone(camera, fps):
    """A labelling is right when it puts the joints where they are, to the pixels' noise."""
    rays, seen = rays_of(camera, demo_recording(camera, fps).keypoints_px[:, 0])
    rng = np.random.default_rng(0)
    where = np.zeros(len(rays), bool)
    for start in range(fps, len(rays) - 2 * fps, 2 * fps):
        where[start : start + rng.integers(1, fps)] = True
    given, given_seen = swapped(rays, seen, where)
    found = orders(given, given_seen, fps)
    right = (found[:, 0] == 0) & (found[:, 5] == np.where(where, 6, 5))
    # Seen from the side both labellings look alike, and either will do.
    both = np.linalg.norm(rays - rays[:, MIRROR], axis=-1)[:, COCO17.hips[0]]
    clear = both > 0.5 * np.median(both)
    assert clear.mean() > 0.5
    assert right[clear].mean() > 0.99


def test_a_detector_that_goes_on_disagreeing_is_believed(camera, motion):
    fps = 30
    rays, seen = rays_of(camera, camera.project(motion(fps, 8.0)))
    where = np.arange(len(rays)) >= 60  # for good: it was wrong before
    found = orders(*swapped(rays, seen, where), fps)
    crossed = (found == MIRROR).all(axis=1)
    assert crossed[61:100].all()  # not at once ...
    assert not crossed[60 + 2 * fps :].any()  # ... but after two seconds, and for good
    assert np.count_nonzero(np.diff(crossed)) == 2


def test_a_person_who_comes_back_the_other_way_round_is_taken_as_labelled(camera, motion):
    rays, seen = rays_of(camera, camera.project(motion(30, 1.0)))
    sides = SideFilter(COCO17)
    sides.order(0.0, rays[0], seen[0])
    np.testing.assert_array_equal(sides.order(60.0, rays[1][MIRROR], seen[1]), AS_LABELLED)


def test_nothing_seen_and_everything_in_one_place_are_no_trouble():
    sides = SideFilter(COCO17)
    nowhere, somewhere = np.zeros((17, 3)), np.tile([1.0, 0, 0], (17, 1))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for t, rays in enumerate([nowhere, somewhere, somewhere, nowhere, somewhere]):
            order = sides.order(t / 30, rays, rays.any(axis=1))
            np.testing.assert_array_equal(order, AS_LABELLED)
