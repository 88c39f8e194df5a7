"""What the pipeline answers, and what it turns away and counts."""

import msgspec
import numpy as np
import pytest

from m2t3.core.conversions import FORMATS
from m2t3.core.humanoid import bone_poses, humanoid, joint_positions
from m2t3.core.messages import Keypoints
from m2t3.core.skeletons import COCO17
from m2t3.lifting.people import Lifted, LiftedPerson
from m2t3.realtime.demo_person import demo_motion
from m2t3.realtime.intake.picture_size import scale_between
from m2t3.realtime.pipeline import Pipeline
from m2t3.realtime.tracking.tracker import Tracker

NOW = 10**12
SECOND_NS = 10**9
J = COCO17.joint_count
IMAGE_SIZE_PX = (640, 480)


def test_an_answer_names_what_it_answers(pipeline, frame):
    answer = pipeline.process(frame(3), NOW)
    assert (answer.source_session, answer.source_seq) == ("source-1", 3)
    assert (answer.t_capture_ns, answer.capture_clock) == (frame(3).t_capture_ns, "media")
    assert (answer.t_receive_ns, answer.def_id, answer.seq) == (NOW, "d", 0)
    assert (answer.timing_ns["queue"], answer.timing_ns["denoise"]) == (0, 1000)
    assert answer.timing_ns["bodies"] > 0
    (pose,) = answer.people
    assert pose.valid.all()
    assert pose.contact[0] == 0.25
    assert pose.body is None  # joints in a line are nobody's
    np.testing.assert_array_equal(pose.positions_world_m[:, :2], frame(3).people[0].keypoints_px)


def test_nobody_in_the_picture_is_answered_too(pipeline, frame):
    assert pipeline.process(frame(0, people=[]), NOW).people == ()


def test_the_same_frames_give_the_same_answers(pipeline, frame):
    answers = [pipeline.process(frame(n), NOW + n) for n in range(5)]
    assert [answer.seq for answer in answers] == [0, 1, 2, 3, 4]
    assert {answer.people[0].id for answer in answers} == {1}


@pytest.mark.parametrize(
    ("changes", "kind"),
    [({"image_size_px": (640, 481)}, "image_size"), ({"t_capture_ns": 2**62}, "timestamp")],
)
def test_a_frame_that_cannot_be_is_refused(pipeline, frame, changes, kind):
    assert pipeline.process(frame(0), NOW) is not None
    assert pipeline.process(frame(1, **changes), NOW) is None
    assert pipeline.counts.refused == {kind: 1}
    assert pipeline.process(frame(2), NOW) is not None


def test_smaller_pictures_of_the_same_proportions_are_scaled_up(pipeline, frame, person):
    calibrated = pipeline.process(frame(0), NOW)
    half = person()
    half = msgspec.structs.replace(half, keypoints_px=(half.keypoints_px + 0.5) / 2 - 0.5)
    answer = pipeline.process(frame(1, [half], image_size_px=(320, 240)), NOW)
    np.testing.assert_allclose(
        answer.people[0].positions_world_m[:, :2],
        calibrated.people[0].positions_world_m[:, :2],
        atol=1e-3,
    )
    (warning,) = pipeline.warnings
    assert "pictures have 320 x 240 pixels, the camera file 640 x 480: keypoints are" in warning
    pipeline.process(frame(2), NOW)
    assert not pipeline.warnings


def test_pictures_of_other_proportions_are_refused_in_words(pipeline, frame):
    for seq, size in enumerate([(480, 640), (1, 1), (640, 360)]):
        assert pipeline.process(frame(seq, image_size_px=size), NOW) is None
    assert pipeline.counts.refused == {"image_size": 3}
    assert "640 x 360 pixels, the camera file 640 x 480: other prop" in pipeline.warnings[0]


@pytest.mark.parametrize(
    ("small", "fits"), [((854, 480), True), ((853, 480), True), ((848, 480), False)]
)
def test_sizes_that_were_rounded_to_whole_pixels_have_the_same_proportions(small, fits):
    assert (scale_between(small, (1280, 720)) is not None) == fits


def test_repeated_and_out_of_order_frames_are_dropped(pipeline, frame):
    for seq in (5, 5, 4, 6):
        pipeline.process(frame(seq), NOW)
    assert pipeline.counts.dropped == {"repeated": 1, "out_of_order": 1}


@pytest.mark.parametrize("step_ns", [0, 50_000])
def test_a_time_that_does_not_rise_as_a_cameras_is_refused(pipeline, frame, step_ns):
    pipeline.process(frame(0), NOW)
    assert pipeline.process(frame(1, t_capture_ns=frame(0).t_capture_ns + step_ns), NOW) is None
    assert pipeline.counts.refused == {"timestamp": 1}


def test_a_clock_that_was_set_anew_is_believed_after_a_second(pipeline, lifter, frame):
    pipeline.process(frame(100), NOW)
    assert pipeline.process(frame(101, t_capture_ns=5), NOW + SECOND_NS // 2) is None
    answer = pipeline.process(frame(102, t_capture_ns=6), NOW + SECOND_NS)
    assert [(person.id, person.state) for person in answer.people] == [(2, "tracked"), (1, "left")]
    assert lifter.forgotten == [1]


def test_a_source_that_counts_anew_in_its_old_session_is_believed_after_a_second(pipeline, frame):
    pipeline.process(frame(100), NOW)
    later_ns = frame(900).t_capture_ns
    assert pipeline.process(frame(0, t_capture_ns=later_ns), NOW + SECOND_NS // 2) is None
    answer = pipeline.process(frame(1, t_capture_ns=later_ns + SECOND_NS), NOW + SECOND_NS)
    assert [(person.id, person.state) for person in answer.people] == [(2, "tracked"), (1, "left")]
    assert pipeline.counts.dropped == {"out_of_order": 1}


def test_a_source_that_comes_back_begins_anew_and_the_old_one_stays_dead(pipeline, lifter, frame):
    pipeline.process(frame(1000), NOW)
    answer = pipeline.process(frame(0, session="source-2"), NOW)
    assert [(person.id, person.state) for person in answer.people] == [(2, "tracked"), (1, "left")]
    assert lifter.forgotten == [1]
    assert pipeline.process(frame(1001), NOW) is None
    assert pipeline.counts.dropped == {"old_session": 1}
    assert pipeline.process(frame(1, session="source-2"), NOW) is not None


def test_who_leaves_is_sent_once_without_a_single_joint(pipeline, lifter, frame):
    pipeline.process(frame(0), NOW)
    (gone,) = pipeline.process(frame(90, people=[]), NOW).people
    assert (gone.id, gone.state, gone.valid.any()) == (1, "left", False)
    assert np.isnan(gone.positions_world_m).all()
    assert lifter.forgotten == [1]
    assert pipeline.process(frame(91, people=[]), NOW).people == ()


def test_who_is_not_believed_is_not_answered_but_counted(pipeline, frame, person):
    pipeline.process(frame(0), NOW)
    answer = pipeline.process(frame(1, [person(), person(), person(u=600, v=100)]), NOW)
    assert [pose.id for pose in answer.people] == [1]
    assert pipeline.counts.refused == {"duplicate_people": 1, "unconfirmed_people": 1}


def test_who_cannot_be_placed_is_there_without_a_joint_and_counted(pipeline, lifter, frame):
    nowhere = Lifted((LiftedPerson.unseen(1, J),), {"denoise": 1000})
    lifter.lift = lambda observations: nowhere
    (pose,) = pipeline.process(frame(0), NOW).people
    assert (pose.id, pose.state, pose.valid.any()) == (1, "tracked", False)
    assert pipeline.counts.refused == {"unplaced_people": 1}


def joints(person, changes, confidence=None):
    """`person` with some joints (index: pixels) and confidences changed."""
    pixels, scores = person.keypoints_px.copy(), person.confidence.copy()
    for index, value in changes.items():
        pixels[index] = value
    for index, value in (confidence or {}).items():
        scores[index] = value
    return msgspec.structs.replace(person, keypoints_px=pixels, confidence=scores)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_joint_that_is_no_number_is_missing_and_counted(pipeline, frame, person, bad):
    answer = pipeline.process(frame(0, [joints(person(), {3: (bad, 5)}, {4: bad})]), NOW)
    (pose,) = answer.people
    # A confidence of -inf says as plainly as 0 that there is no joint; that is no fault.
    assert pipeline.counts.refused["nonfinite_joints"] == (1 if bad == -np.inf else 2)
    assert np.flatnonzero(~pose.valid).tolist() == [3, 4]
    assert np.isnan(pose.positions_world_m[[3, 4], :2]).all()
    assert pose.confidence[[3, 4]].tolist() == [0, 0]


def test_a_joint_without_confidence_is_missing_and_no_fault(pipeline, frame, person):
    people = [joints(person(), {3: np.nan, 4: 0}, {3: 0, 4: 0})]
    (pose,) = pipeline.process(frame(0, people), NOW).people
    assert np.flatnonzero(~pose.valid).tolist() == [3, 4]
    assert pipeline.counts.refused == {}


def test_a_joint_far_outside_the_picture_is_missing_and_counted(pipeline, frame, person):
    people = [joints(person(), {2: (-600, 100), 3: (1e30, 100)})]
    (pose,) = pipeline.process(frame(0, people), NOW).people
    assert np.flatnonzero(~pose.valid).tolist() == [3]
    assert pipeline.counts.refused == {"distant_joints": 1}


def test_confidence_above_one_is_one(pipeline, frame, person):
    (pose,) = pipeline.process(frame(0, [joints(person(), {}, {0: 1.5})]), NOW).people
    assert pose.confidence[0] == 1


def test_a_person_without_a_joint_is_nobody(pipeline, frame, person):
    people = [joints(person(), dict.fromkeys(range(17), np.nan))]
    assert pipeline.process(frame(0, people), NOW).people == ()
    assert pipeline.counts.refused["empty_people"] == 1


def test_two_people_of_one_detector_id_are_two(pipeline, frame, person):
    twins = [person(u=100, id=5), person(u=500, id=5)]
    first, second = (pipeline.process(frame(n, twins), NOW) for n in range(2))
    assert [p.id for p in first.people] == [p.id for p in second.people] == [1, 2]
    assert pipeline.counts.refused["duplicate_ids"] == 2


def halpe(*missing):
    """Somebody as HALPE-26 sees them, joint j at (100 + j, 100)."""
    names = FORMATS["halpe26"]
    pixels = np.column_stack([100.0 + np.arange(len(names)), np.full(len(names), 100.0)])
    scores = np.where(np.isin(names, missing), 0, 0.9)
    return Keypoints(keypoints_px=pixels.astype(np.float32), confidence=scores.astype(np.float32))


def test_a_richer_format_is_lifted_as_the_networks(pipeline, frame):
    people = [halpe("left_wrist", "left_heel")]
    (pose,) = pipeline.process(frame(0, people, skeleton="halpe26"), NOW).people
    expected = [FORMATS["halpe26"].index(name) + 100.0 for name in COCO17.joint_names]
    (wrist,) = COCO17.index("left_wrist")
    assert np.flatnonzero(~pose.valid).tolist() == [wrist]
    np.testing.assert_array_equal(pose.positions_world_m[pose.valid, 0], np.delete(expected, wrist))
    assert pipeline.counts.refused == {}
    assert pipeline.warnings == ()


def test_somebody_of_whom_only_other_joints_are_seen_is_nobody(pipeline, frame):
    people = [halpe(*COCO17.joint_names)]
    assert pipeline.process(frame(0, people, skeleton="halpe26"), NOW).people == ()
    assert pipeline.counts.refused == {"empty_people": 1}


def test_a_format_that_does_not_tell_enough_is_refused_with_one_warning(pipeline, frame):
    for seq in range(2):
        assert pipeline.process(frame(seq, [], skeleton="h36m17"), NOW) is None
    assert pipeline.counts.refused == {"skeleton": 2}
    (warning,) = pipeline.warnings
    assert "left_eye" in warning
    assert "convertible: coco17, halpe26" in warning


def test_a_person_has_a_body_that_its_definition_explains_and_that_goes_with_them(frame, camera):
    walk = demo_motion(60.0).positions_world_m.astype(np.float32)
    walk[..., 1] += 5  # before the camera

    class Walker:
        """Answers each frame with the next pose of the built-in person."""

        def lift(self, observations):
            joints = walk[n]
            exact_m, nobody_knows = np.full(J, 1e-3), np.full(2, np.nan, np.float32)
            return Lifted(
                tuple(
                    LiftedPerson(seen.person_id, joints, exact_m, exact_m < 1, nobody_knows)
                    for seen in observations
                ),
                {},
            )

        def forget(self, person_id):
            pass

        def catch_up(self):
            pass

    pipeline = Pipeline(
        stream="cam0", session="s", def_id="d", skeleton=COCO17, image_size_px=IMAGE_SIZE_PX,
        lifter=Walker(), tracker=Tracker(camera, COCO17),
    )  # fmt: skip
    for n in range(90):
        seen = Keypoints(
            keypoints_px=camera.project(walk[n]).astype(np.float32), confidence=np.ones(J, "f4")
        )
        (pose,) = pipeline.process(frame(n, [seen]), NOW + n).people
    body, definition = pose.body, humanoid("coco17")
    origins, turns = bone_poses(definition, body.root_world_m, body.rotations_xyzw, body.offsets_m)
    found = joint_positions(definition, origins, turns, body.joint_offsets_m)
    np.testing.assert_allclose(found, pose.positions_world_m, atol=0.01)
    for n in range(90, 200):
        people = pipeline.process(frame(n, people=[]), NOW + n).people
        assert all(pose.body is None for pose in people if pose.state == "left")
