"""The room from measured points, from a file or clicked: how exact, and what is explained."""

import http.client
import json
import queue
import threading
import urllib.error
import urllib.request

import cv2
import numpy as np
import pytest
from floor_scene import SHARED, SURE, make_camera, same_place, seen, write_lens

from m2t3.__main__ import main
from m2t3.calibration.camera import Camera
from m2t3.calibration.floor.click_page import CLICK_PAGE
from m2t3.calibration.floor.place_fit import covariance
from m2t3.calibration.floor.place_from_points import fit_place
from m2t3.calibration.floor.points_file import read_points, write_points
from m2t3.calibration.preview import PreviewPage
from m2t3.core.errors import CalibrationError

# Of the real scene that comes with the project's data: a beam's ends on a platform.
SCENE_M = np.array(
    [
        (-2, 0.3, 0), (-2, 0, 0), (-2, 0, 0.05), (-2, -0.3, 0),
        (0, 0.3, 0), (0, 0, 0), (0, 0, 0.05), (0, -0.3, 0),
    ],
    float,
)  # fmt: skip


def real_camera(name: str) -> Camera:
    with np.load(SHARED / "real" / "balance" / f"{name}.npz") as file:
        size = tuple(file["image_size"].tolist())
        return Camera.from_opencv(name, size, file["K"], file["dist"], file["R"], file["t"])


@pytest.mark.skipif(not SHARED.exists(), reason="the data is not part of the repository")
@pytest.mark.parametrize("name", ["cam01", "cam02"])
def test_eight_points_of_the_real_scene_give_the_camera_within_three_centimetres(name):
    camera, errors, spreads = real_camera(name), [], []
    for seed in range(25):
        points_px = seen(camera, SCENE_M, np.random.default_rng(seed), 2.0)
        fit = fit_place(camera, SCENE_M, points_px, SURE)
        errors.append(np.linalg.norm(fit.camera.t_world_camera_m - camera.t_world_camera_m))
        spreads.append(np.sqrt(np.trace(fit.covariance[3:6, 3:6])))
    # No estimator does better with these points and this noise: 3 cm is what they are worth.
    assert np.median(errors) < 0.03
    assert np.sqrt(np.mean(np.square(errors))) == pytest.approx(np.mean(spreads), rel=0.3)


AXES = {
    "y": ([1, -1, 1], "world is mirrored"),
    "z": ([1, 1, -1], "z points up; change the sign of all z"),
}


@pytest.mark.parametrize(("signs", "answer"), AXES.values(), ids=AXES)
def test_a_mirrored_world_is_explained(signs, answer):
    camera = make_camera(position=(-3.5, 0.4, 2.1))
    points_m = np.array([(x, y, z) for x in (-0.5, 1.5) for y in (-1, 1) for z in (0, 0.7)], float)
    with pytest.raises(CalibrationError, match=answer):
        fit_place(camera, points_m * signs, camera.project(points_m), SURE)
    if answer.startswith("world"):  # all on the floor: an exact answer, but under it
        flat_m = points_m * [1, 1, 0] + [0, 0, 0]
        flat_m = np.unique(flat_m, axis=0)
        with pytest.raises(CalibrationError, match=r"camera under the floor.*mirrored"):
            fit_place(camera, flat_m * signs, camera.project(flat_m), SURE)


def test_points_that_fix_no_place_are_refused():
    camera = make_camera()
    with pytest.raises(CalibrationError, match="4 are the least"):
        fit_place(camera, SCENE_M[:3], camera.project(SCENE_M[:3]), SURE)
    line_m = np.column_stack([np.linspace(-1, 1, 6), np.zeros(6), np.zeros(6)])
    with pytest.raises(CalibrationError, match="on one line"):
        fit_place(camera, line_m, camera.project(line_m), SURE)


def test_three_points_clicked_four_times_each_are_still_three():
    camera = make_camera()
    points_m = np.repeat(np.array([(0, 0, 0), (1, 0, 0), (0, 1, 0)], float), 4, axis=0)
    with pytest.raises(CalibrationError, match=r"3 different points; 4 are the least"):
        fit_place(camera, points_m, seen(camera, points_m, np.random.default_rng(0)), SURE)


def test_a_place_whose_uncertainty_cannot_be_computed_is_refused_in_words():
    with pytest.raises(CalibrationError, match="right beside a point"):
        covariance(lambda by: np.full((4, 2), np.nan), np.zeros((4, 2)), 0, SURE)


def test_points_that_have_the_camera_upside_down_are_questioned(tmp_path, capsys):
    camera = make_camera(roll=180, position=(-4, 0.2, 2.0))
    file = write_lens(tmp_path / "cam0.yaml", camera)
    points_m = np.array([(x, y, 0) for x in (-1, 0, 1) for y in (-0.8, 0, 0.8)], float)
    write_points(tmp_path / "points.csv", points_m, camera.project(points_m))
    arguments = ["--camera", str(file), "--points", str(tmp_path / "points.csv")]
    before = file.read_text()
    assert main(["calibrate", "ground", "points", *arguments]) == 2
    assert "upside down, rolled 180°: are points exchanged" in capsys.readouterr().err
    assert file.read_text() == before
    assert main(["calibrate", "ground", "points", *arguments, "--as-is"]) == 0
    same_place(file, camera, 1e-3)


def test_a_point_that_was_clicked_wrongly_is_named():
    camera = make_camera()
    points_m = np.array([(x, y, 0) for x in (-1, 0, 1) for y in (-0.8, 0, 0.8)], float)
    points_px = seen(camera, points_m, np.random.default_rng(0))
    points_px[5] += [40, -25]
    fit = fit_place(camera, points_m, points_px, SURE)
    assert "the point at 0, 0.8, 0 is" in fit.warnings[0]


def test_points_from_a_file_place_the_camera_and_keep_what_the_file_said(tmp_path, capsys):
    camera = make_camera()
    file = write_lens(tmp_path / "cam0.yaml", camera)
    file.write_text(file.read_text() + "source: {type: zmq, stream: hall} # ours\n")
    points_m = np.array([(x, y, 0) for x in (-1, 0, 1) for y in (-0.8, 0, 0.8)], float)
    write_points(tmp_path / "points.csv", points_m, camera.project(points_m))
    arguments = ["--camera", str(file), "--points", str(tmp_path / "points.csv")]
    assert main(["calibrate", "ground", "points", *arguments]) == 0
    same_place(file, camera, 1e-3)
    assert "source: {type: zmq, stream: hall} # ours" in file.read_text()
    assert main(["calibrate", "check", *arguments]) == 0
    said = capsys.readouterr().out
    assert "no picture to draw on" in said
    assert "median 0 mm" in said


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("", "no points in it"),
        ("1 2\n", "line 1 has 2 values"),
        ("x y z u v\n0 0 0 5 5\n1 0 0 five 5\n", "line 3: 'five' is no number"),
        ("0 0 0 5 5\n1 0 0\n", "line 2 has 3 values"),
        ("0 0 0 nan 5\n", "is not finite"),
        ("2000 0 0 5 5\n", "metres, not millimetres"),
        ("0 0 0 5 5\n1 0 0 5 900\n", "pixel 5, 900 is outside"),
    ],
)
def test_a_points_file_with_a_mistake_is_refused(text, answer, tmp_path):
    path = tmp_path / "points.csv"
    path.write_text(text)
    with pytest.raises(CalibrationError) as refusal:
        read_points(path, (1280, 720))
    assert str(refusal.value).startswith(str(path))
    assert answer in str(refusal.value)


def post(url: str, answer: object, **headers: str) -> tuple[int, str]:
    request = urllib.request.Request(url, json.dumps(answer).encode(), headers, method="POST")
    try:
        with urllib.request.urlopen(request) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_the_page_serves_pictures_and_takes_an_answer_from_itself_only():
    with PreviewPage(0, CLICK_PAGE) as page:
        page.check = lambda answer: None if answer == [1] else "not one"
        page.show(np.full((40, 60, 3), 200, np.uint8), ["0 0 0"])
        with urllib.request.urlopen(page.url + "/picture.jpg") as reply:
            picture = cv2.imdecode(np.frombuffer(reply.read(), np.uint8), cv2.IMREAD_COLOR)
        assert picture.shape == (40, 60, 3)
        with urllib.request.urlopen(page.url + "/words") as reply:
            assert reply.read() == b"0 0 0"
        with urllib.request.urlopen(page.url + "/pictures") as reply:
            assert b"image/jpeg" in reply.read(200)
        assert post(page.url + "/answer", [2]) == (422, "not one")
        assert not page.answered.is_set()
        assert post(page.url + "/answer", [1], Origin="http://evil.example")[0] == 403
        assert post(page.url + "/other", [1])[0] == 400
        assert post(page.url + "/answer", [1], Origin=page.url)[0] == 200
        assert page.answered.is_set()
        assert page.answer == [1]


def test_points_in_centimetres_are_questioned(tmp_path, capsys):
    camera = make_camera(position=(-4, 0.2, 2.0))
    file = write_lens(tmp_path / "cam0.yaml", camera)
    points_m = np.array([(x, y, 0) for x in (-1, 0, 1) for y in (-0.8, 0, 0.8)], float)
    write_points(tmp_path / "points.csv", 100 * points_m, camera.project(points_m))
    arguments = ["--camera", str(file), "--points", str(tmp_path / "points.csv")]
    assert main(["calibrate", "ground", "points", *arguments]) == 2
    assert "200 m above the floor: are lengths given in centimetres" in capsys.readouterr().err
    assert main(["calibrate", "ground", "points", *arguments, "--as-is"]) == 0
    assert main(["calibrate", "check", "--camera", str(file)]) == 0
    assert "warning: the camera would be 200 m above" in capsys.readouterr().out


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_page_answers_to_its_own_names_only(method):
    with PreviewPage(0, CLICK_PAGE) as page:
        port = page.url.rpartition(":")[2]
        hosts = {
            f"localhost:{port}": 200, f"[::1]:{port}": 200, f"evil.example:{port}": 403,
            "localhost:1": 403, "": 403,
        }  # fmt: skip
        for host, status in hosts.items():
            headers = {"Host": host, "Origin": f"http://{host}"}
            if method == "POST":
                assert post(page.url + "/answer", [], **headers)[0] == status
            else:
                assert get(page.url, headers) == status


def test_a_length_that_is_no_number_is_a_bad_request():
    with PreviewPage(0, CLICK_PAGE) as page:
        connection = http.client.HTTPConnection(page.url.removeprefix("http://"), timeout=30)
        connection.putrequest("POST", "/answer")
        connection.putheader("Content-Length", "many")
        connection.endheaders()
        assert connection.getresponse().status == 400
        connection.close()


def get(url: str, headers: dict[str, str]) -> int:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as reply:
            return reply.status
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def test_clicks_are_kept_beside_the_measured_points_which_stay_as_they_were(tmp_path, monkeypatch):
    camera = make_camera()
    file = write_lens(tmp_path / "cam0.yaml", camera)
    points_m = np.array([(x, y, 0) for x in (-1, 1) for y in (-0.8, 0, 0.8)], float)
    points = tmp_path / "points.csv"
    points.write_text("# by Ann\n" + "\n".join(f"{x} {y} {z}" for x, y, z in points_m) + "\n9 9 0")
    measured = points.read_text()
    cv2.imwrite(str(tmp_path / "room.png"), np.zeros((720, 1280, 3), np.uint8))
    arguments = ["--camera", str(file), "--points", str(points), "--port", "0"]
    arguments += ["--source", str(tmp_path / "room.png")]
    clicks = np.column_stack([points_m, camera.project(points_m)]).tolist()
    replies, urls = [], queue.Queue()

    class Shown(PreviewPage):
        def show(self, *content):
            super().show(*content)
            urls.put(self.url)

    monkeypatch.setattr("m2t3.calibration.commands.ground.PreviewPage", Shown)

    def browser() -> None:
        url = urls.get(timeout=60)
        replies.append(post(url + "/answer", [clicks[0][:4]]))
        replies.append(post(url + "/answer", clicks[:3]))
        replies.append(post(url + "/answer", clicks))

    thread = threading.Thread(target=browser)
    thread.start()
    code = main(["calibrate", "ground", "points", *arguments])
    thread.join()
    assert code == 0
    assert [status for status, _ in replies] == [422, 422, 200]
    assert "4 are the least" in replies[1][1]
    same_place(file, camera, 1e-3)
    assert points.read_text() == measured
    kept_px = read_points(tmp_path / "points.clicked.csv", (1280, 720))[1]
    np.testing.assert_allclose(kept_px, camera.project(points_m), atol=0.01)
