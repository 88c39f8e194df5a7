"""The C# and the C++ client live: restarts, garbage, other streams, encryption, bad options."""

import importlib.util
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
import zmq
from zmq.auth.thread import ThreadAuthenticator

from m2t3.__main__ import main
from m2t3.clients.schema.meaning import meaning
from m2t3.core.topics import DEFINITION, MAX_MESSAGE_BYTES, POSE
from m2t3.core.wire import pack
from m2t3.realtime.sockets.outlet import Outlet

BENCHMARK = Path(__file__).parents[3] / "benchmarks" / "clients.py"
PATIENCE_S = 30.0


class Listening:
    """A listening client: the frames that it prints, and in the end what it counted."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def until_frame(self, send: Callable[[], object]) -> str:
        """Call `send` until the client has a frame; what the frame means."""
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            send()
            if zmq.select([self._process.stdout], [], [], timeout=0.02)[0]:
                return self.frame()
        raise AssertionError("the client hears nothing")

    def frame(self) -> str:
        """What the next frame means; waits for it."""
        kind, _, _, said = self._process.stdout.readline().rstrip("\n").split(" ", 3)
        assert kind == "frame"
        return said

    def stop(self) -> Counter[str]:
        """End the client; its counters."""
        self._process.stdin.close()
        lines = [line.rstrip("\n") for line in self._process.stdout]
        assert self._process.wait(PATIENCE_S) == 0
        counts = [line.rsplit(" ", 1) for line in lines if line.split()[0] in COUNTERS]
        return Counter({name: int(count) for name, count in counts})


COUNTERS = ("refused", "dropped", "restarts")


@pytest.fixture
def listen(client):
    started = []

    def start(endpoint: str, *keys: str) -> Listening:
        started.append(client.listen(endpoint, "cam0", *keys))
        return Listening(started[-1])

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


@pytest.fixture
def met(publisher, listen):
    """A client that has the publisher's definition and one frame."""
    listening = listen(publisher.endpoint)

    def send():
        publisher.define()
        publisher.send()

    listening.until_frame(send)
    return listening


def test_a_restart_and_garbage_cost_no_good_frame_and_no_bit(programs):
    spec = importlib.util.spec_from_file_location("benchmark_clients", BENCHMARK)
    benchmark = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(benchmark)
    clients = benchmark.commands(programs)
    for result in benchmark.measure(clients, seconds=4.0, rate_hz=60.0, down_s=0.2):
        assert result.exit_code == 0, result.client
        assert result.decoded > 100, result.client
        assert (result.wrong, result.missing) == (0, 0), result.client
        assert result.restarts == 1, result.client
        assert result.refused.keys() >= {"parts", "malformed", "oversize", "version"}


def test_every_frame_is_what_python_reads(publisher, met):
    sent = []
    for x_m in (0.0, -1.5, 2.25):
        frame = publisher.frame(publisher.person(7, publisher.standing(x_m)))
        sent.append(meaning(frame))
        publisher.socket.send_multipart(pack(POSE, frame))
        publisher.seq += 1
    received = [met.frame()]
    while received[-1] != sent[-1]:
        received.append(met.frame())
    assert received[-3:] == sent


def test_frames_that_do_not_count_are_dropped_by_kind(publisher, met):
    old = publisher.frame()
    publisher.seq += 5
    publisher.send()
    another = msgspec.structs.replace(publisher.frame(), def_id="another")
    for dropped in (old, another):
        publisher.socket.send_multipart(pack(POSE, dropped))
    publisher.seq += 1
    last = meaning(publisher.frame())
    assert last != meaning(old)
    publisher.send(publisher.person(1))
    while '"tracked"' not in met.frame():
        pass
    counts = met.stop()
    assert counts["dropped lost"] == 5
    assert counts["dropped out_of_order"] == 1
    assert counts["dropped undefined"] == 1


def test_a_person_with_other_joints_than_the_definition_is_refused(publisher, met):
    person = publisher.person()
    short = msgspec.structs.replace(
        person,
        positions_world_m=person.positions_world_m[:5],
        confidence=person.confidence[:5],
        valid=person.valid[:5],
    )
    publisher.send(short)
    publisher.send(person)
    while '"tracked"' not in met.frame():
        pass
    assert met.stop()["refused joint_count"] == 1


def test_another_stream_whose_name_begins_alike_is_not_ours(publisher, met):
    other = msgspec.structs.replace(
        publisher.frame(publisher.person(99)), stream="cam01", session="other"
    )
    publisher.socket.send_multipart(pack(POSE, other))
    publisher.send(publisher.person(5))
    while '"tracked"' not in (frame := met.frame()):
        pass
    assert '"cam0"' in frame
    assert met.stop()["restarts"] == 0


def test_a_message_that_is_too_large_for_the_socket_costs_a_reconnection_only(publisher, met):
    publisher.socket.send_multipart([b"m2t3.pose.cam0", bytes(MAX_MESSAGE_BYTES + 1)])
    met.until_frame(lambda: publisher.send(publisher.person()))
    met.stop()


@pytest.fixture
def encrypted():
    """A CURVE publisher's (socket, public key), and the pair of the one client that it lets in."""
    server_public, server_secret = zmq.curve_keypair()
    client_public, client_secret = zmq.curve_keypair()
    context = zmq.Context()
    authenticator = ThreadAuthenticator(context)
    authenticator.start()
    authenticator.configure_curve_callback(credentials_provider=_Only(client_public))
    socket = context.socket(zmq.PUB)
    socket.linger = 0
    socket.curve_server = True
    socket.curve_publickey, socket.curve_secretkey = server_public, server_secret
    socket.bind("tcp://127.0.0.1:0")
    yield socket, tuple(key.decode() for key in (server_public, client_public, client_secret))
    socket.close()
    authenticator.stop()
    context.term()


class _Only:
    """Lets in one public key."""

    def __init__(self, public_key: bytes) -> None:
        self._public_key = public_key

    def callback(self, domain: str, key: bytes) -> bool:
        return key == self._public_key


def test_an_encrypted_stream_is_read_with_the_right_keys(publisher, encrypted, listen):
    socket, keys = encrypted
    publisher.socket.close()
    publisher.socket = socket

    def send():
        publisher.define()
        publisher.send(publisher.person(3))

    listening = listen(socket.last_endpoint.decode(), *keys)
    assert '(3,"tracked"' in listening.until_frame(send)


def test_the_folder_of_m2t3_keys_new_opens_m2t3_streams_own_outlet(tmp_path, publisher, listen):
    for name in ((), ("laptop",)):
        assert main(["keys", "new", *name, "--folder", str(tmp_path)]) == 0
    outlet = Outlet("tcp://127.0.0.1:*", keys=tmp_path)

    def send():
        outlet.send(pack(DEFINITION, publisher.definition()))
        outlet.send(pack(POSE, publisher.frame(publisher.person(3))))
        publisher.seq += 1

    try:
        listening = listen(outlet.endpoint, str(tmp_path / "clients" / "laptop"))
        assert '(3,"tracked"' in listening.until_frame(send)
    finally:
        outlet.close()


def test_an_encrypted_stream_says_nothing_to_anybody_else(publisher, encrypted, listen):
    socket, (server_key, *_) = encrypted
    stranger = [key.decode() for key in zmq.curve_keypair()]
    publisher.socket.close()
    publisher.socket = socket
    endpoint = socket.last_endpoint.decode()
    plain, unknown = listen(endpoint), listen(endpoint, server_key, *stranger)
    for _ in range(250):  # some attempts: a refusal may be lost with the connection
        publisher.define()
        publisher.send(publisher.person(3))
        time.sleep(0.01)
    for listening, words in (
        (plain, "asks for keys: make some"),
        (unknown, "does not know this client's key"),
    ):
        listening._process.stdin.close()
        lines = list(listening._process.stdout)
        assert not [line for line in lines if line.startswith("frame")]
        assert [line for line in lines if line.startswith(f"unwelcome {words}")], lines


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["udp:/nowhere", "cam0"], "valid: tcp://HOST:PORT"),
        (["tcp://127.0.0.1:5571", "cam0", "key", "key", "key"], "a key has 3 characters"),
        (["tcp://127.0.0.1:5571", "cam0", "/nowhere"], "`m2t3 keys new NAME`"),
        (["tcp://127.0.0.1:5571", "cam0", "k" * 40, "", ""], "encryption needs all of"),
    ],
)
def test_bad_options_are_refused_in_words(client, arguments, words):
    result = subprocess.run(
        [*client.command, "listen", *arguments], input="", capture_output=True, text=True
    )
    assert result.returncode == 2
    assert words in result.stdout
