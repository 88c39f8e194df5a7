"""What a detector sends arrives, encrypted too, and previews are only made for who wants them."""

import pytest

from m2t3.__main__ import main
from m2t3.core.messages import KeypointsFrame, Preview
from m2t3.realtime.detection.sender import Sender
from m2t3.realtime.sources.zmq import ZmqSource

HEAD = {"stream": "cam0", "session": "s", "seq": 1, "t_capture_ns": 5, "clock": "monotonic"}
FRAME = KeypointsFrame(**HEAD, skeleton="coco17", image_size_px=(640, 480), people=())
PREVIEW = Preview(**HEAD, image_size_px=(64, 48), jpeg=bytes(8))


@pytest.fixture(params=["open", "with keys"])
def ends(request, tmp_path):
    """A sender and the source that it is connected to."""
    folder = client = None
    if request.param == "with keys":
        folder = tmp_path / "keys"
        client = folder / "clients" / "eye"
        for name in ([], ["eye", "--detector"]):
            assert main(["keys", "new", *name, "--folder", str(folder)]) == 0
    source = ZmqSource("tcp://127.0.0.1:*", "cam0", keys=folder)
    sender = Sender(source.endpoint, "cam0", client)
    yield sender, source
    sender.close()
    source.close()


def test_frames_arrive_and_previews_are_wanted_by_a_stream(ends, soon):
    sender, source = ends
    soon(lambda: sender.wants_previews)
    sender.send_frame(FRAME)
    sender.send_preview(PREVIEW)
    assert soon(lambda: source.next(0.1)).frame.seq == 1
    assert soon(source.preview).jpeg == PREVIEW.jpeg
    assert source.preview() is None


def test_nobody_wants_previews_where_nobody_listens():
    sender = Sender("tcp://127.0.0.1:9", "cam0")
    assert not sender.wants_previews
    sender.close()
