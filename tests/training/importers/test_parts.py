"""The parts that importers share: pickles without danger, body models, heads, frame rates."""

import io
import pickle  # noqa: TID251 -- to write what the reader must take or refuse

import numpy as np
import pytest
from scipy.sparse import csc_matrix

from m2t3.core.errors import M2t3Error
from m2t3.core.pickles import read_pickle
from m2t3.lifting.smpl.model_file import load_body_model
from m2t3.training.importers.head import FACE_M, axes_from_points, face_points
from m2t3.training.importers.resampling import resample


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_arrays_of_every_protocol_are_read(protocol):
    content = {
        "a": np.arange(6.0).reshape(2, 3), "f": np.asfortranarray(np.eye(3)), "s": np.float32(2),
        "t": "word", "b": b"bytes", "l": [1, None, True], "o": np.array([{"k": 1}], dtype=object),
    }  # fmt: skip
    read = read_pickle(io.BytesIO(pickle.dumps(content, protocol)))
    assert read.keys() == content.keys()
    np.testing.assert_equal(read, content)


@pytest.mark.parametrize("thing", [print, np.load, csc_matrix((2, 2)), Exception("x"), io.BytesIO])
def test_what_is_no_array_is_refused(thing):
    with pytest.raises(M2t3Error, match="only numpy arrays and plain data are read"):
        read_pickle(io.BytesIO(pickle.dumps({"a": thing})))


def test_a_pickle_that_breaks_off_anywhere_is_refused():
    whole = pickle.dumps({"poses": np.zeros((3, 4)), "name": "x"})
    for end in range(len(whole)):
        with pytest.raises(M2t3Error, match="not a pickle of numpy arrays"):
            read_pickle(io.BytesIO(whole[:end]))


# As Python 2 wrote SMPL's pickles: an object of a class that is not installed here.
CHUMPY = b"ccopy_reg\n_reconstructor\n(cchumpy.ch\nCh\nc__builtin__\nobject\nNtR(dS'x'\n%ssb."


def test_max_plancks_pickles_are_read_without_their_libraries(tools, tmp_path):
    folder = tools.body_model(tmp_path, "smpl", "male", as_pickle=True)
    plain = load_body_model(folder, "smpl", "male")
    path = folder / "smpl" / "SMPL_FEMALE.pkl"
    content = pickle.loads((folder / "smpl" / "SMPL_MALE.pkl").read_bytes())
    chumpy = b"".join(
        (CHUMPY % pickle.dumps(content["shapedirs"].tolist(), 0)[:-1]).rsplit(b".", 1)
    )
    regressor = pickle.dumps(csc_matrix(content["J_regressor"]), 2)
    template = pickle.dumps(content["v_template"], 2)
    # A dictionary written by hand out of three pickles, each without its STOP.
    path.write_bytes(
        b"}(X\x09\x00\x00\x00shapedirs" + chumpy
        + b"X\x0b\x00\x00\x00J_regressor" + regressor[:-1]
        + b"X\x0a\x00\x00\x00v_template" + template[:-1] + b"u."
    )  # fmt: skip
    read = load_body_model(folder, "smpl", "female")
    for name in ("template_m", "shapes_m"):
        np.testing.assert_allclose(getattr(read, name), getattr(plain, name))


def test_heads_are_found_again_from_points():
    rng = np.random.default_rng(0)
    axes = np.linalg.qr(rng.normal(size=(5, 3, 3)))[0]
    axes[np.linalg.det(axes) < 0] *= -1
    head = rng.normal(size=(5, 3))
    face = face_points(head, axes)
    ears = (face["left_ear"] + face["right_ear"]) / 2
    angle = np.arctan2(*(np.array(FACE_M["nose"]) - np.array(FACE_M["left_ear"]))[[2, 1]])
    found = axes_from_points(face["left_ear"] - face["right_ear"], face["nose"] - ears, angle)
    np.testing.assert_allclose(found, axes, atol=1e-12)


@pytest.mark.parametrize("fps", [20.0, 25.0, 29.97, 30.0, 50.0, 59.94, 60.0, 120.0, 1 / 0.0083333])
def test_any_frame_rate_comes_out_as_30(fps):
    t = np.arange(int(3 * fps) + 1) / fps
    wave = lambda t: np.stack([np.sin(2 * t), t, np.cos(3 * t)], axis=-1)[:, None]  # noqa: E731
    out = resample(wave(t), fps)
    t_out = np.arange(len(out)) / 30
    assert t[-1] - 1 / 30 - 1e-3 < t_out[-1] <= t[-1] + 1e-3
    np.testing.assert_allclose(out, wave(t_out), atol=2e-4)
