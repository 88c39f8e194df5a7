"""A page in the browser for a program without windows: moving pictures, a few words, a button."""

import json
import threading
from collections.abc import Callable, Sequence
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import cv2
from numpy.typing import NDArray

from ..core.closing import Closing
from ..core.errors import CalibrationError

DEFAULT_PORT = 8090
MAX_REQUEST_BYTES = 1_000_000
_BOUNDARY = "m2t3picture"
_WATCH_PAGE = """<!doctype html><meta charset="utf-8"><title>m2t3 calibrate</title>
<style>
body {margin: 0; background: #111; color: #eee; font: 16px/1.5 system-ui, sans-serif}
main {display: flex; flex-wrap: wrap; gap: 1.5em; padding: 1em}
img {max-width: min(100%, 68vw); max-height: 94vh; background: #222}
aside {flex: 1; min-width: 16em} h1 {font-size: 1.2em; margin: 0} pre {white-space: pre-wrap}
button {font: inherit; padding: .4em 1.2em}
</style>
<main><img src="/pictures"><aside><h1>m2t3 calibrate</h1><pre id="words"></pre>
<button onclick="fetch('/answer', {method: 'POST', body: '{}'})">Done</button></aside></main>
<script>
setInterval(async () => {
  try { document.getElementById('words').textContent = await (await fetch('/words')).text() }
  catch { document.getElementById('words').textContent = 'The program has ended.' }
}, 500)
</script>
"""


class PreviewPage(Closing):
    """Serves what `show` was given last; the browser's answer is in `answer` once it comes."""

    def __init__(self, port: int = DEFAULT_PORT, page: str = _WATCH_PAGE) -> None:
        """Serve on this machine only, at `port` (0: any that is free).

        Raises:
            CalibrationError: the port is taken.
        """
        self.page = page.encode()
        self.check: Callable[[Any], str | None] = lambda answer: None  # says what is wrong with it
        self.answer: Any = None
        self.answered = threading.Event()
        self._changed = threading.Condition()
        self._jpeg, self._words, self._count, self._open = b"", "", 0, True
        try:
            self._server = ThreadingHTTPServer(("127.0.0.1", port), _handler_of(self))
        except OSError as error:
            raise CalibrationError(
                f"port {port} cannot be used ({error.strerror}); name another with --port"
            ) from None
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Where to point the browser."""
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def hosts(self) -> frozenset[str]:
        """What browsers that were pointed here call us, in the header `Host`."""
        port = f":{self._server.server_port}".removesuffix(":80")
        return frozenset(name + port for name in ("127.0.0.1", "localhost", "[::1]"))

    def show(self, bgr: NDArray, words: Sequence[str] = ()) -> None:
        """Show a colour picture (height, width, 3) and lines of text from now on."""
        jpeg = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, 85])[1].tobytes()
        with self._changed:
            self._jpeg, self._words, self._count = jpeg, "\n".join(words), self._count + 1
            self._changed.notify_all()

    def close(self) -> None:
        """Stop serving."""
        with self._changed:
            self._open = False
            self._changed.notify_all()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def newer(self, count: int) -> tuple[int, bytes]:
        """The next picture after the `count`-th; empty when there will be none."""
        with self._changed:
            self._changed.wait_for(lambda: self._count > count or not self._open)
            return self._count, self._jpeg if self._open else b""

    def content(self, path: str) -> tuple[str, bytes] | None:
        """Content type and body of a page, or None if there is none of that name."""
        with self._changed:
            pages = {
                "/": ("text/html; charset=utf-8", self.page),
                "/words": ("text/plain; charset=utf-8", self._words.encode()),
                "/picture.jpg": ("image/jpeg", self._jpeg),
            }
        return pages.get(path)


def _handler_of(page: PreviewPage) -> type[BaseHTTPRequestHandler]:
    """A request handler class bound to `page`."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self._is_foreign():
                return
            path = urlsplit(self.path).path
            if path == "/pictures":
                self._stream()
            elif (content := page.content(path)) is None:
                self.send_error(HTTPStatus.NOT_FOUND)
            else:
                self._send(HTTPStatus.OK, *content)

        def do_POST(self) -> None:
            if self._is_foreign():
                return
            told = self.headers.get("Content-Length", "")
            length = int(told) if told.isdecimal() else 0
            if self.path != "/answer" or not 0 < length <= MAX_REQUEST_BYTES:
                self.send_error(HTTPStatus.BAD_REQUEST)
                return
            try:
                answer = json.loads(self.rfile.read(length))
            except ValueError:
                self.send_error(HTTPStatus.BAD_REQUEST)
                return
            if (wrong := page.check(answer)) is not None:
                self._send(HTTPStatus.UNPROCESSABLE_ENTITY, "text/plain", wrong.encode())
                return
            page.answer = answer
            page.answered.set()
            self._send(HTTPStatus.OK, "text/plain", b"")

        def _is_foreign(self) -> bool:
            """Answer a request of another site's page, or by a name made to point here."""
            host, origin = self.headers.get("Host", "").lower(), self.headers.get("Origin")
            if host in page.hosts and origin in (None, f"http://{host}"):
                return False
            self.send_error(HTTPStatus.FORBIDDEN, explain=f"open {page.url}")
            return True

        def _stream(self) -> None:
            self.send_response(HTTPStatus.OK)
            kind = f"multipart/x-mixed-replace; boundary={_BOUNDARY}"
            self.send_header("Content-Type", kind)
            self.end_headers()
            count = 0
            try:
                while True:
                    count, jpeg = page.newer(count)
                    if not jpeg:
                        return
                    head = f"--{_BOUNDARY}\r\nContent-Type: image/jpeg\r\n"
                    head += f"Content-Length: {len(jpeg)}\r\n\r\n"
                    self.wfile.write(head.encode() + jpeg + b"\r\n")
            except OSError:
                return  # the browser has gone

        def _send(self, status: HTTPStatus, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Requests are no news."""

    return Handler
