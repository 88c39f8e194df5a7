"""The viewer's page in a headless Chromium: it connects, draws people, and logs no error."""

import base64
import importlib.util
import io
import json
import os
import shutil
import subprocess
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from m2t3.clients import PoseSubscriber

pytest.importorskip("viser", reason='needs the extra "view"')
from PIL import Image
from websockets.sync.client import connect

from m2t3.clients.viewer.app import App

BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(BROWSER is None, reason="needs Debian's chromium")
DEADLINE_S = 60.0
LEFT_PX = 460  # what the panel does not hide
OBSERVE = """
    window.faults = []; window.drawn = 0;
    addEventListener('error', event => faults.push(String(event.message)));
    addEventListener('unhandledrejection', event => faults.push(String(event.reason)));
    console.error = (...said) => faults.push(said.join(' '));
    const count = () => { drawn += 1; requestAnimationFrame(count); };
    requestAnimationFrame(count);
"""


def pictures_script():
    """docs/make_pictures.py, which knows how to talk to Chromium."""
    path = Path(__file__).parents[2] / "docs" / "make_pictures.py"
    spec = importlib.util.spec_from_file_location("make_pictures", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def page(tmp_path):
    """Asks a page of a fresh Chromium: `page(method, **params)`."""
    script = pictures_script()
    command = [BROWSER, *script.FLAGS, f"--user-data-dir={tmp_path}", "about:blank"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            with connect(script._page(tmp_path), max_size=None) as socket:
                yield lambda method, **params: script._ask(socket, method, **params)
        finally:
            process.terminate()


@pytest.fixture
def viewer(publisher):
    """A viewer of the publisher, at work on a thread of its own."""
    stop = threading.Event()
    with PoseSubscriber(publisher.endpoint) as poses:
        app = App([poses], "127.0.0.1", 0)

        def work():
            while not stop.wait(1 / 60):
                app.step()

        thread = threading.Thread(target=work)
        thread.start()
        publisher.meet(poses)
        yield app
        stop.set()
        thread.join()
        app.stop()


@contextmanager
def published(publisher, *people):
    """These people are in view meanwhile."""
    stop = threading.Event()

    def publish():
        while not stop.wait(0.05):
            publisher.define()
            publisher.send(*people)

    thread = threading.Thread(target=publish)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def picture(page):
    png = base64.b64decode(page("Page.captureScreenshot", format="png")["data"])
    if folder := os.environ.get("M2T3_SCREENSHOTS"):
        Path(folder, f"viewer-{time.monotonic_ns()}.png").write_bytes(png)
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


def value(page, expression):
    return page("Runtime.evaluate", expression=expression, returnByValue=True)["result"]["value"]


def until(is_so, what):
    deadline = time.monotonic() + DEADLINE_S
    while not is_so():
        assert time.monotonic() < deadline, what
        time.sleep(0.2)


def test_the_page_connects_draws_people_and_logs_no_error(publisher, viewer, page, capsys):
    page("Emulation.setDeviceMetricsOverride", width=800, height=450, deviceScaleFactor=1,
         mobile=False)  # fmt: skip
    page("Page.enable")
    page("Page.addScriptToEvaluateOnNewDocument", source=OBSERVE)
    page("Page.navigate", url=f"http://127.0.0.1:{viewer.server.get_port()}")
    until(lambda: viewer.server.get_clients(), "the page does not connect")
    publisher.send()
    until(lambda: value(page, "!!document.querySelector('canvas')"), "there is no canvas")
    until(lambda: picture(page)[:, :LEFT_PX].std() > 5, "nothing is drawn")
    time.sleep(2)  # the page's own furniture comes to rest
    empty = picture(page)

    def changed():
        return int((np.abs(picture(page) - empty).sum(axis=2) > 90)[:, :LEFT_PX].sum())

    with published(publisher, publisher.person(1, publisher.standing(-2.0))):
        until(lambda: changed() > 300, "nobody is drawn")
    began_s, began = time.monotonic(), value(page, "drawn")
    until(lambda: value(page, "drawn") > began + 5, "the page stands still")
    rate_hz = (value(page, "drawn") - began) / (time.monotonic() - began_s)
    with capsys.disabled():
        print(f" {rate_hz:.0f} pictures a second ", end="")
    assert json.loads(value(page, "JSON.stringify(faults)")) == []
