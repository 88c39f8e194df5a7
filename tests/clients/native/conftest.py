"""The C# and the C++ client, compiled once for all tests, as programs that say what they read."""

import os
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest

HERE = Path(__file__).parent
TOOLS = ("mcs", "mono", "cmake", "g++")
HEADERS = ("zmq.hpp", "msgpack.hpp")
INSTALL = (
    "apt-get install -y --no-install-recommends mono-mcs mono-runtime "
    "libmono-system-core4.0-cil libzmq5 libzmq3-dev cppzmq-dev libmsgpack-cxx-dev cmake g++"
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.toolchain)


@dataclass(frozen=True)
class Client:
    """One client as a program (unity/Harness.cs, unreal/harness.cpp)."""

    name: str
    command: tuple[str, ...]

    def decode(self, messages: Iterable[tuple[bytes, bytes]]) -> list[str]:
        """What it makes of each (topic, payload): `means …` or `refused …`."""
        lines = "".join(f"{topic.hex()} {payload.hex()}\n" for topic, payload in messages)
        return self.answer("decode", lines)

    def answer(self, mode: str, lines: str) -> list[str]:
        """What it says to `lines`, asked in the way that its head describes."""
        result = subprocess.run(
            [*self.command, mode], input=lines, capture_output=True, text=True, check=True
        )
        return result.stdout.splitlines()

    def listen(self, endpoint: str, stream: str = "cam0", *keys: str) -> subprocess.Popen[str]:
        """A subscriber that prints frames until its input ends, then what it counted."""
        return subprocess.Popen(
            [*self.command, "listen", endpoint, stream, *keys],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )


@pytest.fixture(scope="session")
def programs(tmp_path_factory) -> Path:
    """The folder with both programs; skips, or fails where CI requires them."""
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    missing += [name for name in HEADERS if not Path("/usr/include", name).exists()]
    if missing:
        reason = f"missing: {', '.join(missing)}; install with: {INSTALL}"
        (pytest.fail if os.environ.get("M2T3_TOOLCHAIN") == "required" else pytest.skip)(reason)
    folder = tmp_path_factory.mktemp("programs")
    built = subprocess.run([HERE / "build.sh", folder], capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    return folder


@pytest.fixture(params=["unity", "unreal"])
def client(request, programs) -> Client:
    commands = {
        "unity": ("mono", str(programs / "harness.exe")),
        "unreal": (str(programs / "harness"),),
    }
    return Client(request.param, commands[request.param])
