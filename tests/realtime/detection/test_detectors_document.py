"""docs/detectors.md is true: its publisher runs, its keys and kinds are those of the program."""

import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import yaml
import zmq

from m2t3.calibration.camera_files.capture_source import CaptureSource
from m2t3.core import topics, wire

DOCUMENT = (Path(__file__).parents[3] / "docs" / "detectors.md").read_text(encoding="utf-8")


def test_the_publisher_of_the_document_is_understood(write_video, picture, tmp_path):
    (program,) = re.findall(r"```python\n(# publisher: .*?)```", DOCUMENT, re.DOTALL)
    script = tmp_path / "publisher.py"
    script.write_text(program, encoding="utf-8")
    with zmq.Context() as context, context.socket(zmq.SUB) as socket:
        socket.linger = 0
        socket.subscribe(topics.KEYPOINTS.name("cam0"))
        socket.bind("tcp://127.0.0.1:0")
        video = str(write_video(pictures=[picture(0)] * 600))
        command = [sys.executable, str(script), video, socket.last_endpoint.decode()]
        with subprocess.Popen(command) as process:
            try:
                assert socket.poll(20_000)
                frame = wire.unpack(socket.recv_multipart(), [topics.KEYPOINTS])
            finally:
                process.kill()
    assert (frame.skeleton, frame.clock, frame.image_size_px) == ("coco17", "monotonic", (640, 480))
    (person,) = frame.people
    assert np.isfinite(person.keypoints_px).all(1).nonzero()[0].tolist() == [5, 6]


def test_every_key_is_described_with_its_default():
    table = DOCUMENT.split("| key | default | |")[1].split("\n\n")[0]
    rows = [row.strip("|").split("|")[:2] for row in table.splitlines()[2:]]
    described = {name: default for keys, default in rows for name in re.findall(r"`(\w+)`", keys)}
    assert set(described) == {field.name for field in fields(CaptureSource)}
    for field in fields(CaptureSource):
        default = described[field.name].strip().strip("`")
        assert yaml.safe_load(default) == getattr(CaptureSource, field.name, None), field.name


@pytest.mark.parametrize(
    "kind",
    ["camera_lost", "corrupt", "picture_size", "skipped", "detector_error", "detector_died"],
)
def test_every_kind_of_loss_is_described_here_and_in_the_protocol(kind):
    protocol = (Path(__file__).parents[3] / "docs" / "protocol.md").read_text(encoding="utf-8")
    assert f"`{kind}`" in DOCUMENT
    assert f"`{kind}`" in protocol
