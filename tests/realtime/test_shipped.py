"""What a user gets: the installed commands with the shipped weights and the built-in example."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest
import zmq

from m2t3.clients import PoseSubscriber
from m2t3.core.errors import WireError
from m2t3.core.skeletons import COCO17
from m2t3.realtime.assembly import define
from m2t3.realtime.commands.demo_recording import demo_motion
from m2t3.realtime.sockets.publisher import Publisher

CONFIGS = Path(__file__).parents[2] / "configs"
FRAMES = 90


def free_endpoint():
    with zmq.Context() as context, context.socket(zmq.REP) as socket:
        port = socket.bind_to_random_port("tcp://127.0.0.1")
    return f"tcp://127.0.0.1:{port}"


def command(module, *arguments):
    return [sys.executable, "-m", f"m2t3.{module}", *map(str, arguments)]


@pytest.fixture(scope="module")
def lifted(tmp_path_factory):
    """`m2t3 lift` of the built-in recording."""
    out = tmp_path_factory.mktemp("lift") / "poses.npz"
    camera, recording = CONFIGS / "cam0.yaml", CONFIGS / "demo_walk.npz"
    subprocess.run(
        command("__main__", "lift", recording, "--camera", camera, "--out", out),
        check=True,
        capture_output=True,
    )
    with np.load(out) as data:
        return dict(data)


def test_the_built_in_person_is_lifted_to_where_they_walk(lifted):
    truth = demo_motion(float(lifted["fps"])).positions_world_m
    positions = lifted["positions_world_m"][:, 0]
    assert positions.shape == truth.shape
    error_m = np.linalg.norm(positions - truth, axis=-1)
    assert np.nanmean(error_m) < 0.2
    assert np.isfinite(positions).all(axis=(1, 2)).mean() > 0.99


def test_the_live_stream_says_what_lift_says_and_ends_cleanly(lifted):
    endpoint = free_endpoint()
    stream = subprocess.Popen(
        command(
            "realtime.commands.stream", "--camera", CONFIGS / "cam0.yaml", "--publish", endpoint
        ),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "COLUMNS": "120"},
    )
    try:
        with PoseSubscriber(endpoint, timeout_s=60.0, every_frame=True) as poses:
            frames = [next(poses) for _ in range(FRAMES)]
            assert frames[0].joint_names == tuple(lifted["joint_names"])
    finally:
        stream.send_signal(signal.SIGINT)
        printed, _ = stream.communicate(timeout=20)
    assert stream.returncode == 0, printed
    assert "free for all uses" in printed  # the licence of the weights is told at start
    compared = 0
    for frame in frames:
        message = frame.message
        if message.seq != message.source_seq or message.seq >= len(lifted["t_capture_ns"]):
            break  # a busy machine dropped a frame, or the loop began anew: memories differ now
        expected = lifted["positions_world_m"][message.source_seq, 0]
        np.testing.assert_array_equal(frame.people[0].positions_world_m, expected)
        assert frame.people[0].contact.min() >= 0
        off_m = frame.people[0].body.joints_world_m - expected
        assert np.median(np.linalg.norm(off_m, axis=1)) < 0.05
        compared += 1
    assert compared > 0


def test_a_definition_that_no_client_would_take_is_not_published(model, camera):
    wordy = msgspec.structs.replace(model, licence="x" * 5000)
    with pytest.raises(WireError, match="licence"):
        Publisher(
            free_endpoint(),
            define(stream="cam0", session="s", skeleton=COCO17, camera=camera, model=wordy),
        )
