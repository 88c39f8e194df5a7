"""BVH: angles to joints, three families of names, units, and files that are broken."""

import re

import numpy as np
import pytest

from m2t3.core.errors import M2t3Error
from m2t3.training.importers.bvh import BvhFiles
from m2t3.training.importers.bvh_file import parse_bvh
from m2t3.training.importers.command import Import

NEARLY_M = 1.01e-4
ARM = """HIERARCHY
ROOT Hips
{
  OFFSET 0 9 0
  CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation
  JOINT Arm
  {
    OFFSET 2 0 0
    CHANNELS 3 Zrotation Xrotation Yrotation
    JOINT Hand
    {
      OFFSET 3 0 0
      CHANNELS 4 Yposition Zrotation Xrotation Yrotation
      End Site
      {
        OFFSET 1 0 0
      }
    }
  }
}
MOTION
Frames: 2
Frame Time: 0.0333333
1 5 7 0 0 0   0 0 0     0 0 0 0
1 5 7 0 0 90  90 90 0   4 0 0 0
"""


def test_joints_are_where_the_angles_put_them():
    at, R = parse_bvh(ARM).pose()
    # Root positions replace the offset. A turn of 90 degrees about y takes x to -z; the arm's
    # turn about its z then takes its x to y; the hand's own y is 4 in the arm's frame, whose y
    # is the root's z (z, then x), which lies along x.
    np.testing.assert_allclose(at[0], [[1, 5, 7], [3, 5, 7], [6, 5, 7]], atol=1e-12)
    np.testing.assert_allclose(at[1], [[1, 5, 7], [1, 5, 5], [5, 8, 5]], atol=1e-12)
    np.testing.assert_allclose(R[1, 0], [[0, 0, 1], [0, 1, 0], [-1, 0, 0]], atol=1e-12)
    assert parse_bvh(ARM).fps == pytest.approx(30.0, abs=1e-4)


@pytest.mark.parametrize(
    ("old", "new", "answer"),
    [
        ("HIERARCHY", "HIERARCHIE", "no BVH: .*'HIERARCHIE' where 'HIERARCHY'"),
        ("MOTION", "}\nMOTION", "'}' where it does not belong"),
        ("Xposition", "Wposition", "channel 'Wposition'; .*valid: Xposition"),
        ("OFFSET 2 0 0", "OFFSET 2 0", "word where a number belongs"),
        ("OFFSET 2 0 0", "OFFSET a b c", "word where a number belongs"),
        ("Frames: 2", "Frames: 3", "announces 3 frames of 13 numbers and has 26"),
        ("Frames: 2", "Frames: 0", "announces 0 frames"),
        ("Frame Time: 0.0333333", "Frame Time: 0", "frame time of 0.0 s"),
        ("1 5 7 0 0 90", "1 5 7 0 0 x", "word where a number belongs"),
        (ARM[200:], "", "breaks off"),
        (ARM[ARM.index("MOTION") + 7 :], "", "breaks off"),
    ],
)
def test_broken_texts_are_refused(old, new, answer):
    assert old in ARM
    with pytest.raises(M2t3Error, match=answer):
        parse_bvh(ARM.replace(old, new, 1))


MIXAMO = {"neck": "Neck", "spine3": "Spine2"}


def mixamo_name(tools):
    return lambda name: f"mixamorig:{MIXAMO.get(name) or tools.bvh_name(name)}"


def write(path, text):
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("unit_m", "units"), [(0.01, None), (1.0, "m"), (0.001, "mm"), (0.0254, "inch")]
)
def test_mixamos_names_and_any_unit(unit_m, units, tools, imported, tmp_path):
    truth = tools.sway(60.0)
    text = tools.bvh_text(truth, unit_m, rename=mixamo_name(tools), order="ZXY")
    path = write(tmp_path / "Walking.bvh", text)
    archive = imported(BvhFiles((path,), source="My studio, CC BY 4.0", units=units))
    assert archive.clip_names == ("Walking",)
    assert archive.clip_sources == ("My studio, CC BY 4.0",)
    np.testing.assert_allclose(archive.clip(0), truth.joints_m[::2], atol=NEARLY_M)


def test_bandais_bones_that_lie_along_x(tools, imported, tmp_path):
    """The head's up is its joint's x, forward its y; every joint has positions of its own."""
    names = {
        "pelvis": "Hips", "spine1": "Spine", "spine2": "Chest", "neck": "Neck", "head": "Head",
    }  # fmt: skip
    parts = {
        "hip": "UpperLeg", "knee": "LowerLeg", "ankle": "Foot", "foot": "Toes",
        "collar": "Shoulder", "shoulder": "UpperArm", "elbow": "LowerArm", "wrist": "Hand",
    }  # fmt: skip
    channels = "CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation"
    # Everything hangs on one turned root; its axes: x up, y forward, z left.
    place = dict(zip(tools.I, tools.REST_M[:, [1, 2, 0]] * 100, strict=False))
    pelvis = place["pelvis"].copy()
    numbers = ["0 0 0 0 0 0", "0 95 0 90 90 0"]  # joint_Root; Hips, turned upright by 90, 90, 0
    tree = f"HIERARCHY\nROOT joint_Root\n{{\nOFFSET 0 0 0\n{channels}\nJOINT Hips\n{{\n"
    tree += f"OFFSET 1 94 -400\n{channels}\n"
    for ours, cm in place.items():
        side, _, part = ours.rpartition("_")
        theirs = names.get(ours) if not side else f"{parts.get(part)}_{side[0].upper()}"
        if ours != "pelvis" and theirs and not theirs.startswith("None"):
            tree += f"JOINT {theirs}\n{{\nOFFSET 9 9 9\n{channels}\n}}\n"
            numbers.append(" ".join(map(str, (cm - pelvis).round(6))) + " 0 0 0")
    row = " ".join(numbers) + "\n"
    text = f"{tree}}}\n}}\nMOTION\nFrames: 31\nFrame Time: 0.0333333\n{row * 31}"
    path = write(tmp_path / "dataset-1_bow_active_001.bvh", text)
    archive = imported(BvhFiles((path,), release="bandai1"))
    at = dict(zip(tools.I, archive.clip(0)[-1], strict=True))
    for ours, place_m in zip(tools.I, tools.REST_M @ tools.Z_UP.T, strict=False):
        if ours != "spine3":  # made up
            np.testing.assert_allclose(at[ours], place_m, atol=NEARLY_M, err_msg=ours)
    np.testing.assert_allclose(at["head_top"] - at["head"], [0, 0, 0.1903], atol=2 * NEARLY_M)
    np.testing.assert_allclose(at["nose"] - at["head"], [0, -0.102, 0.0604], atol=2 * NEARLY_M)
    np.testing.assert_allclose(at["left_ear"] - at["right_ear"], [0.15, 0, 0], atol=2 * NEARLY_M)


@pytest.mark.parametrize(
    ("change", "options", "answer"),
    [
        (lambda text: text, {"units": "m"}, r"m tall .*--units \{m,cm,mm,inch,cmu\}"),
        (lambda text: text, {"units": "mm"}, "m tall .*--units"),
        (lambda text: text, {"release": None}, "does not tell its licence: .*--release .*--source"),
        (lambda text: text, {"source": "mine"}, "does not tell its licence"),
        (lambda text: text.replace("LeftLeg", "L_Shin"), {}, "nearest to CMU's, but lacks LeftLeg"),
        (lambda text: text[: len(text) // 2], {}, "cut off"),
        (lambda text: text.replace("Frames: 242", "Frames: 0"), {}, "announces 0 frames"),
        (lambda text: re.sub(r"\n0 ", "\nnan ", text), {}, "with NaN or infinity"),
        (lambda text: text.replace("0.0083333", "9.0"), {}, "0.111111 frames a second"),
        (lambda text: text.replace("0.0083333", "0.0010"), {}, "too short: 241 frames, 0.24 s"),
        (lambda text: "", {}, "is empty"),
    ],
)
def test_bad_files_and_options_are_refused(change, options, answer, publish, tmp_path):
    published = publish("bvh", text=change)
    importer = BvhFiles((published.path,), **{"release": "cmu"} | options)
    with pytest.raises(M2t3Error) as refusal:
        Import(format=importer, out=tmp_path / "out.npz").run()
    assert re.search(answer, str(refusal.value)), str(refusal.value)


def test_z_up_files_stay_as_they_are(tools, imported, tmp_path):
    truth = tools.sway(30.0)
    text = tools.bvh_text(truth, 0.01, rename=mixamo_name(tools))
    path = write(tmp_path / "a.bvh", text)
    y_up = imported(BvhFiles((path,), release="mixamo")).clip(0)
    z_up = imported(BvhFiles((path,), release="mixamo", up="z", units="cm"), keep_floor=True).clip(
        0
    )
    np.testing.assert_allclose(z_up @ tools.Z_UP.T, y_up, atol=2 * NEARLY_M)


def test_who_lies_all_the_time_is_imported_with_a_word_on_the_up_axis(publish, imported, capsys):
    published = publish("bvh")
    imported(published.importer)
    assert "up axis" not in capsys.readouterr().err
    wrong = BvhFiles((published.path,), release="cmu", up="z")
    archive = imported(wrong)
    told = " ".join(capsys.readouterr().err.split())
    assert "in 1 of 1 clips the person is hardly ever upright (01_01)" in told
    assert "give the other axis with --up {y,z}" in told
    assert len(archive.clip_names) == 1


def test_data_sets_of_known_axes_are_not_told_of_an_option_that_they_lack(
    publish, imported, capsys
):
    published = publish("humanml3d")
    np.save(published.path, np.load(published.path)[..., [0, 2, 1]] * np.array([1, -1, 1]))
    imported(published.importer)
    told = " ".join(capsys.readouterr().err.split())
    assert "(000021): if nobody lies there, the up axis is wrong; this data set's axes" in told
    assert "--up" not in told
