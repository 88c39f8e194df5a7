"""Recordings as training data: their pixels, holes and people; what will not do is said."""

import cv2
import numpy as np
import pytest
import torch

from m2t3.calibration.camera import Camera
from m2t3.core.errors import M2t3Error
from m2t3.core.skeletons import COCO17, HALPE26
from m2t3.lifting.recording import Recording, read_recording, write_recording
from m2t3.lifting.rig import Rig, view_axes
from m2t3.realtime.demo_person import demo_motion
from m2t3.training.windows.recordings2d import ASSUMED_HEIGHT_M, assumed_camera, read_tracks

FPS = 30.0
WALK = slice(round(7 * FPS), round(9 * FPS))
LEFT_EAR, LEFT_WRIST, LEFT_ANKLE = COCO17.index("left_ear", "left_wrist", "left_ankle")


def camera_that_leans() -> Camera:
    """Rolled, pitched, with a lens of its own, 4 m from where the demo person walks."""
    R = cv2.Rodrigues(np.array([0.0, 0, 0.1]))[0] @ cv2.Rodrigues(np.array([1.75, 0.0, 0.0]))[0]
    K = np.array([[900.0, 0, 640], [0, 910, 350], [0, 0, 1]])
    center = demo_motion(FPS).positions_world_m[WALK].mean(axis=(0, 1))
    center += np.array([0.3, -4, 0.9])
    return Camera.from_opencv("c", (1280, 720), K, [-0.1, 0.02, 1e-3, 1e-3, 0], R, -R @ center)


def write(path, camera, with_camera=True, px=None):
    """The walk as that camera saw it, in the layout of one person."""
    seen_px = camera.project(demo_motion(FPS).positions_world_m[WALK]) if px is None else px
    R = camera.R_world_camera.T
    arrays = {
        "keypoints": np.dstack([seen_px, np.ones(seen_px.shape[:2])]).astype(np.float32),
        "fps": np.float64(FPS),
        "image_size": np.array([camera.width_px, camera.height_px]),
        "K": camera.K, "dist": camera.distortion, "R": R, "t": -R @ camera.t_world_camera_m,
    }  # fmt: skip
    for key in ("K", "dist", "R", "t") if not with_camera else ():
        del arrays[key]
    np.savez(path, **arrays)
    return read_recording(path)


def write_people(path, person_id, t_s, skeleton="coco17"):
    """People who stand still and are all seen at the same place."""
    frames, people = person_id.shape
    px = assumed_camera((1280, 720)).project(demo_motion(FPS).positions_world_m[0] + [0, 5, 0])
    write_recording(path, Recording(
        keypoints_px=np.tile(px.astype(np.float32), (frames, people, 1, 1)),
        confidence=np.ones((frames, people, len(px)), np.float32),
        person_id=person_id, t_capture_ns=np.round(t_s * 1e9).astype(np.int64),
        fps=FPS, image_size_px=(1280, 720), skeleton=skeleton,
    ))  # fmt: skip


@pytest.mark.parametrize("with_camera", [True, False])
def test_windows_project_back_to_their_pixels(with_camera, tmp_path):
    camera = camera_that_leans() if with_camera else assumed_camera((720, 1280))
    if not with_camera:
        truth = demo_motion(FPS).positions_world_m[WALK]
        camera_px = camera.project(truth - truth.mean(axis=(0, 1)) + [0, 5, 1])
    recording = write(tmp_path / "a.npz", camera, with_camera, None if with_camera else camera_px)
    tracks = read_tracks(tmp_path, COCO17)
    frames = np.arange(5, 40)
    track = tracks.tracks[0]
    window = tracks.windows(
        torch.tensor([0]), torch.from_numpy(track.t_s[frames] - track.t_s[0])[None]
    )
    assert window.known.all()
    center = camera.t_world_camera_m
    rig = Rig.facing(center, np.median(track.ground_world_m[frames], axis=0))
    assert window.distance_m.item() == pytest.approx(rig.distance_m, rel=1e-6)
    assert window.height_m.item() == pytest.approx(center[2])
    axes, _ = view_axes(np.array(rig.distance_m), np.array(rig.height_m))
    uv = window.uv[0].double().numpy()
    rays = np.concatenate([uv, np.ones_like(uv[..., :1])], axis=-1) @ axes[0] @ rig.R_rig_world
    found = camera.project((center + 4 * rays).reshape(-1, 3)).reshape(uv.shape)
    np.testing.assert_allclose(found, recording.keypoints_px[frames, 0], atol=0.02)


def test_a_recording_without_camera_has_a_level_one(tmp_path):
    camera = assumed_camera((1280, 720))
    edge = camera.undistort(np.array([[-0.5, 359.5], [1279.5, 359.5]]))
    assert np.degrees(np.arctan(edge[:, 0])) == pytest.approx([-30, 30])
    ahead_m = np.array([[0, 7.0, ASSUMED_HEIGHT_M], [0, 7.0, 0]])
    px = camera.project(ahead_m)
    np.testing.assert_allclose(px[0], [639.5, 359.5])
    assert px[1, 1] > 360


def test_holes_are_marked_and_filled_where_the_body_went(tmp_path):
    camera = camera_that_leans()
    truth_px = camera.project(demo_motion(FPS).positions_world_m[WALK])
    px = truth_px.copy()
    px[20:, LEFT_ANKLE] = np.nan  # the person walks on
    px[:, LEFT_EAR] = np.nan
    write(tmp_path / "a.npz", camera, px=px)
    arrays = dict(np.load(tmp_path / "a.npz"))
    arrays["keypoints"][30, LEFT_WRIST, 2] = 0.1
    np.savez(tmp_path / "a.npz", **arrays)
    track = read_tracks(tmp_path, COCO17).tracks[0]
    known = np.ones(px.shape[:2], bool)
    known[20:, LEFT_ANKLE] = known[:, LEFT_EAR] = known[30, LEFT_WRIST] = False
    np.testing.assert_array_equal(track.known, known)
    center = camera.t_world_camera_m
    filled = camera.project((center + 4 * track.rays_world).reshape(-1, 3)).reshape(px.shape)
    np.testing.assert_allclose(filled[known], truth_px[known], atol=0.02)
    off_px = np.linalg.norm(filled - truth_px, axis=-1)
    height_px = np.ptp(truth_px[..., 1], axis=1)
    assert np.isfinite(off_px).all()
    assert (off_px[:, LEFT_ANKLE] < 0.4 * height_px).all()
    assert (off_px[30, LEFT_WRIST] < 0.1 * height_px[30]).all()


def test_times_between_frames_need_both_frames(tmp_path):
    camera = camera_that_leans()
    px = camera.project(demo_motion(FPS).positions_world_m[WALK])
    px[10, LEFT_WRIST] = np.nan
    write(tmp_path / "a.npz", camera, px=px)
    at = torch.tensor([[9.0, 9.5, 10.0, 10.5, 11.0]], dtype=torch.float64) / FPS
    tracks = read_tracks(tmp_path, COCO17)
    at = tracks.t_s[[9, 9, 10, 10, 11]] - tracks.t_s[0] + torch.tensor([0, 0.5, 0, 0.5, 0]) / FPS
    window = tracks.windows(torch.tensor([0]), at[None])
    assert window.known[0, :, LEFT_WRIST].tolist() == [True, False, False, False, True]
    middle = 0.5 * (window.uv[0, 0] + window.uv[0, 4])
    torch.testing.assert_close(window.uv[0, 2, 0], middle[0], atol=0.02, rtol=0)


def test_every_person_has_a_track_from_gap_to_gap(tmp_path):
    person_id = np.full((90, 3), -1)
    person_id[:, 0] = 7
    person_id[:40, 1] = 9
    person_id[50:, 2] = 9  # back, after a third of a second, in another place of the file
    person_id[:10, 2] = 3  # too short
    write_people(tmp_path / "a.npz", person_id, np.arange(90) / FPS)
    lengths = sorted(len(track.t_s) for track in read_tracks(tmp_path, COCO17).tracks)
    assert lengths == [40, 40, 90]


def test_windows_are_seeded_and_finite(tmp_path):
    write(tmp_path / "a.npz", camera_that_leans())
    write_people(tmp_path / "b.npz", np.zeros((20, 1), int), np.arange(20) / FPS)
    tracks = read_tracks(tmp_path, COCO17)
    t_s = torch.arange(90)[None].repeat(6, 1) / 30.0  # longer than either
    one, same, other = (tracks.draw(t_s, torch.Generator().manual_seed(s)) for s in (1, 1, 2))
    for name, value in vars(one).items():
        assert torch.isfinite(value.float()).all(), name
        torch.testing.assert_close(value, getattr(same, name), rtol=0, atol=0)
    assert not torch.equal(one.uv, other.uv)


def test_what_is_no_recording_is_left_out_in_words(tmp_path, caplog):
    write(tmp_path / "a.npz", camera_that_leans())
    (tmp_path / "below").mkdir()
    np.savez(tmp_path / "below" / "reference.npz", joints=np.zeros((5, 17, 3)))
    assert len(read_tracks(tmp_path, COCO17).tracks) == 1
    assert "reference.npz: lacks keypoints_px" in caplog.text


def test_folders_that_will_not_do_are_refused_in_words(tmp_path):
    with pytest.raises(M2t3Error, match="is no folder"):
        read_tracks(tmp_path / "nowhere", COCO17)
    with pytest.raises(M2t3Error, match="0 npz and mcap files, and nobody"):
        read_tracks(tmp_path, COCO17)
    write_people(tmp_path / "a.npz", np.zeros((20, 1), int), np.arange(20) / FPS)
    with pytest.raises(M2t3Error, match=r"a\.npz: keypoints of coco17 cannot become halpe26"):
        read_tracks(tmp_path, HALPE26)
