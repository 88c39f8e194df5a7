"""The lens from views of a board: rendered ones with known truth, and real ones where there are."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml
from rendering import Renderer, project_camera, varied_poses
from scipy.spatial.transform import Rotation

from m2t3.__main__ import main
from m2t3.calibration.boards.board import parse_board
from m2t3.calibration.boards.detection import View, find_board
from m2t3.calibration.boards.search import Search
from m2t3.calibration.boards.stances import choose, guessed_lens, missing_views, sharpness, stance
from m2t3.calibration.camera import Camera
from m2t3.calibration.camera_files.camera_file import read_camera_file, read_lens_file
from m2t3.calibration.commands.intrinsics import Intrinsics
from m2t3.calibration.lens.fit import MIN_VIEWS, fit_lens
from m2t3.calibration.lens.model import fit_best_lens
from m2t3.calibration.lens.uncertainty import with_uncertainty
from m2t3.calibration.pictures import is_live, read_pictures, write_picture
from m2t3.core.errors import CalibrationError, CameraFileError

REAL = Path(__file__).parents[3] / "shared" / "data" / "real" / "balance"
SIZE = 480, 360
TRUE_FX_FY_CX_CY = np.array([430.0, 431.0, 243.0, 177.0])
LENSES = {
    "plumb_bob": [-0.28, 0.1, 1e-3, -7e-4, -0.02],
    "rational_polynomial": [0.8, 0.3, -5e-4, 8e-4, 0.02, 1.2, 0.5, 0.06],
    "equidistant": [-0.02, 0.004, -0.002, 3e-4],
}
BOARDS = (
    "chessboard:8x5:40",
    "charuco:7x5:50:37",
    "aprilgrid:4x3:70:20",
    "aprilgrid:4x3:70:20:36h11:kalibr",
)


def make_lens(model: str = "plumb_bob", fx_fy_cx_cy=TRUE_FX_FY_CX_CY) -> Camera:
    fx, fy, cx, cy = fx_fy_cx_cy
    return Camera(
        "true", *SIZE, np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1.0]]), model,
        np.array(LENSES[model]), np.eye(3), np.zeros(3),
    )  # fmt: skip


def seen_views(lens, board, count, noise_px=0.1, seed=0, **poses) -> list[View]:
    """Views of all corners that fall into the picture, with noise."""
    rng = np.random.default_rng(seed)
    views = []
    for i, (R, t) in enumerate(varied_poses(count, board, 0.5, seed, **poses)):
        points_px = project_camera(lens, board.corners_m @ R.T + t)
        points_px += rng.normal(0, noise_px, points_px.shape)
        inside = ((points_px > 0) & (points_px < np.array(SIZE) - 1)).all(axis=1)
        if inside.sum() >= 12:
            views.append(View(f"{i:02d}", board.corners_m[inside], points_px[inside]))
    return views


@pytest.fixture(scope="module", params=BOARDS)
def rendered(request):
    """A board, the lens before it, where it was held, the pictures, and the views found."""
    board, lens = parse_board(request.param), make_lens()
    renderer = Renderer(lens, board)
    poses = list(varied_poses(18, board, 0.55))
    pictures = [renderer.picture(R, t, seed=i) for i, (R, t) in enumerate(poses)]
    return board, lens, poses, pictures, [find_board(picture, board) for picture in pictures]


def test_corners_are_found_to_a_small_part_of_a_pixel(rendered):
    board, lens, poses, _, views = rendered
    errors = []
    for (R, t), view in zip(poses, views, strict=True):
        if view is None:
            continue
        truth_px = project_camera(lens, view.points_board_m @ R.T + t)
        if board.kind == "chessboard" and np.abs(truth_px - view.points_px).max() > 5:
            truth_px = truth_px[::-1]
        errors_px = view.points_px - truth_px
        errors.append(errors_px)
    assert len(errors) >= 14
    errors_px = np.concatenate(errors)
    assert (np.quantile(np.linalg.norm(errors_px, axis=1), [0.5, 0.9]) < [0.1, 0.2]).all()
    assert np.abs(np.median(errors_px, axis=0)).max() < 0.01


def test_rendered_boards_give_the_focal_length_within_two_per_mille(rendered):
    *_, views = rendered
    fit = fit_lens([view for view in views if view is not None], SIZE, "plumb_bob", "cam0")
    assert fit.intrinsics_px[:2] == pytest.approx(TRUE_FX_FY_CX_CY[:2], rel=2e-3)
    assert fit.intrinsics_px[2:] == pytest.approx(TRUE_FX_FY_CX_CY[2:], abs=1.0)
    assert fit.rms_px < 0.15


@pytest.mark.parametrize("model", LENSES)
def test_each_distortion_model_is_fitted(model):
    board, lens = parse_board("charuco:7x5:50:37"), make_lens(model)
    fit = fit_lens(seen_views(lens, board, 25, noise_px=0.02), SIZE, model, "cam0")
    assert fit.lens.distortion_model == model
    points_m = np.random.default_rng(0).uniform([-0.4, -0.3, 0.9], [0.4, 0.3, 1.1], (50, 3))
    # Coefficients stand in for one another; what counts is where points are seen.
    np.testing.assert_allclose(
        project_camera(fit.lens, points_m), project_camera(lens, points_m), atol=0.5
    )


def test_the_simplest_model_that_predicts_is_taken():
    board = parse_board("charuco:7x5:50:37")
    plain, errors = fit_best_lens(seen_views(make_lens(), board, 20), SIZE, "cam0")
    assert plain.lens.distortion_model == "plumb_bob"
    assert set(errors) == set(LENSES)
    wide = make_lens("equidistant", np.array([170.0, 170.5, 243, 177]))
    views = seen_views(wide, parse_board("charuco:11x8:60:44:5x5_100"), 25, noise_px=0.05)
    fish, _ = fit_best_lens(views, SIZE, "cam0")
    assert fish.lens.distortion_model == "equidistant"
    assert fish.intrinsics_px[:2] == pytest.approx([170, 170.5], rel=2e-3)


def test_views_that_disagree_are_left_out_and_named():
    board, lens = parse_board("charuco:7x5:50:37"), make_lens()
    views = seen_views(lens, board, 15)
    rng = np.random.default_rng(5)
    bad = View("bad", views[3].points_board_m, views[3].points_px + rng.normal(0, 4, (1, 2)))
    bad.points_px[::2] += rng.normal(0, 3, bad.points_px[::2].shape)
    fit = fit_lens([*views[:3], bad, *views[4:]], SIZE, "plumb_bob", "cam0")
    assert [view.name for view, _ in fit.rejected] == ["bad"]
    assert fit.intrinsics_px[:2] == pytest.approx(TRUE_FX_FY_CX_CY[:2], rel=5e-3)


def test_a_wrong_board_is_found_out():
    board, lens = parse_board("charuco:7x5:50:37"), make_lens()
    views = seen_views(lens, board, 12)
    rng = np.random.default_rng(0)
    for view in views[::3]:
        view.points_px[:] += rng.normal(0, 8, view.points_px.shape)
    for view in views[1::6]:
        view.points_px[:] += rng.normal(0, 5, view.points_px.shape)
    with pytest.raises(CalibrationError, match="views disagree"):
        fit_lens(views, SIZE, "plumb_bob", "cam0")


def test_too_few_views_are_refused():
    board, lens = parse_board("charuco:7x5:50:37"), make_lens()
    with pytest.raises(CalibrationError, match=f"{MIN_VIEWS} are the least"):
        fit_lens(seen_views(lens, board, 2), SIZE, "plumb_bob", "cam0")


def test_the_uncertainty_covers_the_error():
    board, lens = parse_board("charuco:7x5:50:37"), make_lens()
    covered = []
    for seed in range(3):
        fit = with_uncertainty(
            fit_lens(seen_views(lens, board, 12, 0.3, seed), SIZE, "plumb_bob", "c")
        )
        covered.append(np.abs(fit.intrinsics_px - TRUE_FX_FY_CX_CY) < 2 * fit.sd_px)
    assert np.mean(covered) > 0.9


def test_a_bent_board_is_within_the_uncertainty():
    board, lens = parse_board("charuco:7x5:50:37"), make_lens()
    flat = board.corners_m
    bent = flat + np.outer((flat[:, 0] / flat[:, 0].max()) ** 2, [0, 0, 0.0006])  # 0.2 %
    views = []
    for i, (R, t) in enumerate(varied_poses(15, board, 0.5)):
        points_px = project_camera(lens, bent @ R.T + t)
        inside = ((points_px > 0) & (points_px < np.array(SIZE) - 1)).all(axis=1)
        if inside.sum() >= 12:
            views.append(View(str(i), flat[inside], points_px[inside]))
    fit = with_uncertainty(fit_lens(views, SIZE, "plumb_bob", "cam0"))
    assert (np.abs(fit.intrinsics_px - TRUE_FX_FY_CX_CY) < 2 * fit.sd_px).all()


def test_what_is_missing_is_said_and_found_again_in_what_is_shown():
    board, lens = parse_board("chessboard:8x5:40"), make_lens()
    front = np.diag([1.0, -1, -1])
    facing = View("0", board.corners_m, project_camera(lens, board.corners_m @ front + [0, 0, 0.9]))
    held = stance(facing, guessed_lens(SIZE))
    assert held.tilt_deg == pytest.approx([0, 0], abs=5)
    wishes = "\n".join(missing_views([held]))
    for words in ("its left side", "its top", "turned by a quarter", "nearer", "more views: 1 of"):
        assert words in wishes
    assert "picture's top left" in wishes
    enough = [stance(v, lens) for v in seen_views(lens, parse_board("charuco:7x5:50:37"), 60)]
    assert missing_views(enough) == []


@pytest.mark.parametrize(
    ("axis", "angle_deg", "expected"), [("y", 30, [30, 0]), ("x", 30, [0, 30]), ("z", 40, [0, 0])]
)
def test_tilts_are_told_by_the_side_that_is_farther(axis, angle_deg, expected):
    board, lens = parse_board("chessboard:8x5:40"), make_lens()
    # In the board's own frame: about y its right side, about x its top goes away from the reader.
    sign = {"y": 1, "x": -1, "z": -1}[axis]
    R = (
        np.diag([1.0, -1, -1])
        @ Rotation.from_euler(axis, sign * angle_deg, degrees=True).as_matrix()
    )
    points_m = board.corners_m @ R.T + [0, 0, 0.9]
    far = points_m[:, 2] > 0.95
    side = board.corners_m[far]
    if axis == "y":
        assert (side[:, 0] > 0).all()
    elif axis == "x":
        assert (side[:, 1] > 0).all()
    held = stance(View("", board.corners_m, project_camera(lens, points_m)), lens)
    assert held.tilt_deg == pytest.approx(expected, abs=2)
    assert held.roll_deg == pytest.approx(angle_deg if axis == "z" else 0, abs=1)


def test_sharp_and_varied_views_are_chosen():
    board, lens = parse_board("charuco:7x5:50:37"), make_lens()
    views = seen_views(lens, board, 30)
    stances = [stance(view, lens) for view in views]
    same = [stances[0]] * 30
    sharp = [0.4] * len(stances) + [0.4] * 15 + [0.05] * 15
    chosen = choose([*stances, *same], sharp, 12)
    assert len(chosen) == 12
    assert sum(index >= len(stances) or index == 0 for index in chosen) <= 1
    assert max(chosen) < len(stances) + 15


def test_sharpness_falls_with_blur(rendered):
    *_, pictures, views = rendered
    for picture, view in zip(pictures[:3], views[:3], strict=True):
        if view is not None:
            blurred = cv2.GaussianBlur(picture, (0, 0), 2.5)
            assert sharpness(blurred, view) < 0.6 * sharpness(picture, view)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Pictures of a chessboard in a folder, two of them without it."""
    board, lens = parse_board("chessboard:8x5:40"), make_lens()
    renderer, path = Renderer(lens, board), tmp_path_factory.mktemp("views")
    for i, (R, t) in enumerate(varied_poses(10, board, 0.55)):
        cv2.imwrite(str(path / f"{i:02d}.png"), renderer.picture(R, t, seed=i))
    for name in ("empty1", "empty2"):
        cv2.imwrite(str(path / f"{name}.png"), np.full(SIZE[::-1], 90, np.uint8))
    return path


def test_the_command_writes_a_lens_and_says_what_it_is_worth(folder, tmp_path, capsys):
    out, coverage = tmp_path / "cam0.yaml", tmp_path / "coverage.png"
    out.write_text(
        "# my camera\nsource: {type: zmq, stream: hall} # the detector\ncamera_name: hall\n"
    )
    arguments = ["--source", str(folder), "--board", "chessboard:8x5:40", "--out", str(out)]
    assert main(["calibrate", "intrinsics", *arguments, "--coverage", str(coverage)]) == 0
    said = capsys.readouterr().out
    assert "no board in" in said
    assert "empty1.png, empty2.png" in said
    assert "fx" in said
    assert "±" in said
    assert "more views" in said
    file = read_lens_file(out)
    assert file.lens.K[0, 0] == pytest.approx(TRUE_FX_FY_CX_CY[0], rel=3e-3)
    assert file.record.lens.board == "chessboard:8x5:40"
    assert file.record.lens.rms_px < 0.15
    assert out.read_text().startswith("# my camera\nsource: {type: zmq, stream: hall} # the det")
    assert file.lens.name == "hall"
    assert cv2.imread(str(coverage)).max() > 200
    with pytest.raises(CameraFileError, match=r"lacks T_world_camera.*m2t3 calibrate ground"):
        read_camera_file(out)


def test_a_video_is_searched_for_sharp_and_varied_views(folder, tmp_path, capsys):
    video = tmp_path / "views.avi"
    writer = cv2.VideoWriter(str(video), cv2.VideoWriter_fourcc(*"MJPG"), 10, SIZE)
    for path in sorted(folder.glob("0*.png")):
        picture = cv2.imread(str(path))
        for blur in (0.01, 4.0):
            for _ in range(2):  # a second of both
                writer.write(cv2.GaussianBlur(picture, (0, 0), blur))
    writer.release()
    out = tmp_path / "cam0.yaml"
    arguments = ["--source", str(video), "--board", "chessboard:8x5:40", "--out", str(out)]
    assert main(["calibrate", "intrinsics", *arguments, "--views", "8"]) == 0
    lens = read_lens_file(out)
    assert lens.record.lens.views <= 8
    assert lens.lens.K[0, 0] == pytest.approx(TRUE_FX_FY_CX_CY[0], rel=1e-2)


def test_a_camera_is_watched_until_it_is_unplugged_and_what_it_showed_is_used(
    folder, tmp_path, capsys
):
    video = tmp_path / "live.avi"  # an address, even of a file, is taken for a camera
    writer = cv2.VideoWriter(str(video), cv2.VideoWriter_fourcc(*"MJPG"), 10, SIZE)
    for path in sorted(folder.glob("*.png")):
        for _ in range(2):
            writer.write(cv2.imread(str(path)))
    writer.release()
    out = tmp_path / "cam0.yaml"
    arguments = ["--source", f"file://{video}", "--board", "chessboard:8x5:40", "--out", str(out)]
    assert main(["calibrate", "intrinsics", *arguments, "--port", "0"]) == 0
    said = capsys.readouterr().out
    assert "open http://127.0.0.1:" in said
    assert "was it unplugged?" in said
    lens = read_lens_file(out)
    assert 6 <= lens.record.lens.views <= 10  # each pose once, however often it is seen
    assert lens.lens.K[0, 0] == pytest.approx(TRUE_FX_FY_CX_CY[0], rel=1e-2)


@pytest.mark.parametrize(
    ("board", "answer"),
    [
        ("chessboard:9x6:40", "there is chessboard:8x5:40: counts are those of inner corners"),
        ("charuco:7x5:50:37", "no charuco:7x5:50:37:4x4_50 in any of the 12 pictures"),
    ],
)
def test_a_board_that_is_not_there_is_answered_with_what_is(
    board, answer, folder, tmp_path, capsys
):
    arguments = ["--source", str(folder), "--board", board, "--out", str(tmp_path / "x.yaml")]
    assert main(["calibrate", "intrinsics", *arguments]) == 2
    assert answer in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "answer"),
    [("nowhere", "no such file or folder"), ("", "no pictures in it"), ("a.jpg", "cannot be read")],
)
def test_a_source_without_pictures_is_refused(name, answer, tmp_path, capsys):
    if name == "a.jpg":
        (tmp_path / name).write_bytes(b"no picture")
    arguments = ["--board", "chessboard:8x5:40", "--out", str(tmp_path / "x.yaml")]
    assert main(["calibrate", "intrinsics", "--source", str(tmp_path / name), *arguments]) == 2
    assert answer in capsys.readouterr().err


def test_pictures_of_different_sizes_are_refused(tmp_path, capsys):
    for i, size in enumerate(((200, 300), (300, 200))):
        cv2.imwrite(str(tmp_path / f"{i}.png"), np.zeros(size, np.uint8))
    arguments = ["--board", "chessboard:8x5:40", "--out", str(tmp_path / "x.yaml")]
    assert main(["calibrate", "intrinsics", "--source", str(tmp_path), *arguments]) == 2
    assert "1.png is 200 x 300 px, those before are 300 x 200" in capsys.readouterr().err


@pytest.mark.skipif(not REAL.exists(), reason="the data is not part of the repository")
@pytest.mark.parametrize("name", ["cam01", "cam02"])
def test_seven_real_pictures_give_the_makers_focal_lengths(name, tmp_path, capsys):
    out = tmp_path / f"{name}.yaml"
    arguments = ["--source", str(REAL / f"chessboard_{name}"), "--out", str(out), "--name", name]
    assert main(["calibrate", "intrinsics", *arguments, "--board", "chessboard:7x4:60"]) == 0
    K = np.array(yaml.safe_load(out.read_text())["camera_matrix"]["data"]).reshape(3, 3)
    makers = np.load(REAL / f"{name}.npz")["K"]
    assert K[[0, 1], [0, 1]] == pytest.approx(makers[[0, 1], [0, 1]], rel=6e-3)
    record = read_lens_file(out).record.lens
    assert record.rms_px < 0.3
    assert record.principal_point_sd_px > 10  # 25 to 35 px off: not hidden
    said = capsys.readouterr().out
    assert "Missing, for a surer lens" in said
    assert "tilted away" in said


def test_a_live_camera_is_a_number_an_address_or_a_device():
    live = {"0": True, "rtsp://a/b": True, "/dev/video0": True, "walk.mp4": False, "views": False}
    assert {source: is_live(source) for source in live} == live


@pytest.mark.parametrize(
    ("changes", "answer"),
    [
        ({"--coverage": "coverage.xyz"}, "coverage.xyz: no picture is called so; its name ends in"),
        ({"--coverage": "no/coverage.png"}, "there is no folder"),
        ({"--out": "no/cam0.yaml"}, "there is no folder"),
    ],
)
def test_where_nothing_can_be_written_is_said_before_the_pictures_are_looked_at(
    changes, answer, tmp_path, capsys
):
    arguments = {"--source": "nowhere", "--board": "chessboard:8x5:40", "--out": "cam0.yaml"}
    for key, value in {**arguments, **changes}.items():
        arguments[key] = str(tmp_path / value) if key in ("--out", "--coverage") else value
    words = [word for pair in arguments.items() for word in pair]
    assert main(["calibrate", "intrinsics", *words]) == 2
    assert answer in capsys.readouterr().err


def test_a_picture_that_opencv_cannot_write_is_an_error_that_is_told(tmp_path, monkeypatch):
    def imwrite(*_):
        raise cv2.error("no writer")

    monkeypatch.setattr(cv2, "imwrite", imwrite)
    with pytest.raises(CalibrationError, match="cannot be written"):
        write_picture(tmp_path / "a.png", np.zeros((2, 2, 3), np.uint8))


@pytest.fixture(scope="module")
def charuco_picture():
    board, lens = parse_board("charuco:7x5:50:37"), make_lens()
    R, t = next(iter(varied_poses(1, board, 0.55)))
    return Renderer(lens, board).picture(R, t)


@pytest.mark.parametrize(
    ("word", "flipped", "answer"),
    [
        ("charuco:11x8:50:37", False, "markers of its dictionary 4x4_50 are there: are the counts"),
        ("charuco:7x5:50:37", True, "of its markers are there mirrored"),
        ("charuco:7x5:50:37:5x5_50", False, "markers of dictionary 4x4_50"),
    ],
)
def test_markers_without_their_board_are_explained(
    word, flipped, answer, charuco_picture, tmp_path, capsys
):
    picture = charuco_picture[:, ::-1] if flipped else charuco_picture
    cv2.imwrite(str(tmp_path / "a.png"), picture)
    arguments = ["--board", word, "--out", str(tmp_path / "x.yaml")]
    assert main(["calibrate", "intrinsics", "--source", str(tmp_path), *arguments]) == 2
    assert answer in capsys.readouterr().err


def test_names_of_files_that_look_like_patterns_or_cameras_are_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for folder in ("room[1]", "2026"):
        Path(folder).mkdir()
        cv2.imwrite(f"{folder}/a[1].png", np.zeros((20, 30, 3), np.uint8))
        assert not is_live(folder)
        assert [picture.name for picture in read_pictures(folder)] == ["a[1].png"]
        assert len(list(read_pictures(f"{folder}/a[1].png"))) == 1
    assert is_live("2027")


def test_a_cameras_password_is_in_no_message(tmp_path):
    address = f"file://me:secret@{tmp_path}/none.avi"
    with pytest.raises(CalibrationError) as refusal:
        next(read_pictures(address))
    assert "cannot be opened" in str(refusal.value)
    assert "secret" not in str(refusal.value)


def middle_views(lens, board, count, seed) -> list[View]:
    """Views in the middle of the picture alone."""
    rng, views = np.random.default_rng(seed), []
    for i in range(count):
        angles = rng.uniform(-0.6, 0.6, 3)
        angles[0] += np.pi
        turn = Rotation.from_euler("xyz", angles).as_matrix()
        points_px = project_camera(lens, board.corners_m @ turn.T + [0, 0, rng.uniform(0.8, 1.4)])
        points_px += rng.normal(0, 0.3, points_px.shape)
        views.append(View(f"{i}", board.corners_m, points_px))
    return views


def refuse(lens: Camera) -> None:
    if lens.distortion_model == "plumb_bob":
        raise CameraFileError("folds")


def test_a_lens_that_cannot_be_is_reported_and_not_written(tmp_path, monkeypatch, capsys):
    board, out = parse_board("charuco:7x5:35:26"), tmp_path / "cam0.yaml"
    search = Search(board, middle_views(make_lens(), board, 5, 5), image_size_px=SIZE)
    monkeypatch.setattr(Intrinsics, "_search", lambda self, console: search)
    monkeypatch.setattr("m2t3.calibration.commands.intrinsics.check_lens", refuse)  # any OpenCV's
    arguments = ["--source", "x", "--board", str(board), "--out", str(out)]
    assert main(["calibrate", "intrinsics", *arguments]) == 2
    said = capsys.readouterr()
    assert "fx" in said.out
    assert "no camera has such a lens" in said.err
    assert "show the board at the picture's top left" in said.err
    assert not out.exists()


def test_auto_takes_no_model_whose_lens_cannot_be(monkeypatch):
    monkeypatch.setattr("m2t3.calibration.lens.model.check_lens", refuse)
    views = seen_views(make_lens(), parse_board("charuco:7x5:50:37"), 10)
    assert fit_best_lens(views, SIZE, "cam0")[0].lens.distortion_model != "plumb_bob"


def test_fewer_views_than_fix_a_lens_cannot_be_asked_for(tmp_path, capsys):
    arguments = ["--source", "x", "--board", "chessboard:8x5:40", "--out", str(tmp_path / "a.yaml")]
    assert main(["calibrate", "intrinsics", *arguments, "--views", "2"]) == 2
    assert "--views 2: 3 are the least" in capsys.readouterr().err
