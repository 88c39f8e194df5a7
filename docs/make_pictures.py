"""Make `docs/images/viewer.png` of a running viewer (`m2t3 view`) with a headless Chromium.

python docs/make_pictures.py [--url http://127.0.0.1:8080] [--out docs/images/viewer.png]
"""

import base64
import json
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import tyro
from websockets.sync.client import connect
from websockets.sync.connection import Connection

FLAGS = (
    "--headless=new", "--no-sandbox", "--hide-scrollbars", "--remote-debugging-port=0",
    "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader",
)  # fmt: skip
# viser warns about software rendering, which is what a headless machine has.
HIDE_WARNINGS = """document.head.insertAdjacentHTML('beforeend',
    '<style>.mantine-Notifications-root {display: none}</style>')"""


@dataclass(frozen=True)
class MakePicture:
    """A picture of the page at `url`, once it has been open for `wait_s`."""

    url: str = "http://127.0.0.1:8080"  # the running viewer
    out: Path = Path("docs/images/viewer.png")  # where the picture goes
    wait_s: float = 15.0  # trails grow meanwhile
    width_px: int = 1600
    height_px: int = 900

    def run(self) -> None:
        """Open the page, wait, and write the picture."""
        browser = shutil.which("chromium") or shutil.which("google-chrome")
        if browser is None:
            raise SystemExit("no Chromium here; apt-get install --no-install-recommends chromium")
        self.out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
            command = [browser, *FLAGS, f"--user-data-dir={profile}", self.url]
            with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
                try:
                    with connect(_page(Path(profile)), max_size=None) as page:
                        self.out.write_bytes(self._picture(page))
                finally:
                    process.terminate()

    def _picture(self, page: Connection) -> bytes:
        size = {"width": self.width_px, "height": self.height_px, "deviceScaleFactor": 1}
        _ask(page, "Emulation.setDeviceMetricsOverride", **size, mobile=False)
        time.sleep(self.wait_s / 2)
        _ask(page, "Runtime.evaluate", expression=HIDE_WARNINGS)
        time.sleep(self.wait_s / 2)
        return base64.b64decode(_ask(page, "Page.captureScreenshot", format="png")["data"])


def _page(profile: Path) -> str:
    """The address at which Chromium, once it is up, takes orders for its first page."""
    port_file = profile / "DevToolsActivePort"
    while not port_file.exists() or not port_file.read_text():
        time.sleep(0.1)
    port = port_file.read_text().split()[0]
    while True:
        with urlopen(f"http://127.0.0.1:{port}/json/list") as answer:
            for target in json.load(answer):
                if target["type"] == "page":
                    return str(target["webSocketDebuggerUrl"])
        time.sleep(0.1)


def _ask(page: Connection, method: str, **params: Any) -> dict[str, Any]:
    page.send(json.dumps({"id": 1, "method": method, "params": params}))
    while "result" not in (answer := json.loads(page.recv())):
        pass
    result: dict[str, Any] = answer["result"]
    return result


if __name__ == "__main__":
    tyro.cli(MakePicture).run()
