"""Frames to VMC receivers: one person a port, who keeps it while they are in view."""

import socket
import sys
from collections.abc import Iterator, Mapping

from ....core.clock import SECOND_NS
from ....core.errors import EndpointError
from ...python import Frame, Person
from .packets import absence_packets, person_packets


class VmcSender:
    """Sends UDP packets to as many ports as there may be people, from `port` on."""

    def __init__(self, host: str, port: int, people: int) -> None:
        """Look up the host.

        Raises:
            EndpointError: there is no such host, or no such port.
        """
        if people < 1:
            raise EndpointError(f"--people {people}: give 1 or more")
        if not (port > 0 and people > 0 and port + people <= 65536):
            raise EndpointError(f"ports {port} to {port + people - 1}: valid are 1 to 65535")
        try:
            family, kind, protocol, _, address = socket.getaddrinfo(
                host, port, type=socket.SOCK_DGRAM
            )[0]
        except OSError as error:
            raise EndpointError(f"no host {host!r} ({error.strerror})") from None
        self._socket = socket.socket(family, kind, protocol)
        # So that one bridge may reach every receiver of a network, as at 192.168.1.255.
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        self._host = str(address[0])
        self._port_of: dict[int, int] = {}  # by the person's id
        self._ports = range(port, port + people)
        self._session: str | None = None
        self._t_first_ns = 0
        self._t_s = 0.0  # of the last frame
        self._failing = False

    def send(self, frame: Frame) -> None:
        """Send everybody who has a port and whose bones are known; tell the ports that are free."""
        message = frame.message
        if message.session != self._session:
            self._session, self._t_first_ns = message.session, message.t_receive_ns
            self._port_of.clear()
        self._t_s = (message.t_receive_ns - self._t_first_ns) / SECOND_NS
        people = {person.id: person for person in frame.people}
        self._port_of = {id: port for id, port in self._port_of.items() if id in people}
        for person_id in people:
            free = [port for port in self._ports if port not in self._port_of.values()]
            if person_id not in self._port_of and free:
                self._port_of[person_id] = free[0]
        owner = {port: people[id] for id, port in self._port_of.items()}
        self._send(owner)

    def rest(self) -> None:
        """Tell all ports that nobody is tracked: no frames come."""
        self._send({})

    def close(self) -> None:
        """Tell all ports that nobody is tracked any more, and close the socket."""
        self.rest()
        self._socket.close()

    def _send(self, owner: Mapping[int, Person]) -> None:
        """To each port its person; a network that fails for a while ends nothing."""
        failure = None
        for port in self._ports:
            for packet in self._packets(owner.get(port)):
                try:
                    self._socket.sendto(packet, (self._host, port))
                except OSError as error:
                    failure = error.strerror or str(error)
        if (failure is not None) == self._failing:
            return
        self._failing = failure is not None
        told = f"cannot send ({failure}); trying on" if self._failing else "sends again"
        print(f"m2t3 bridge: {self._host}:{self._ports[0]}: {told}", file=sys.stderr)

    def _packets(self, person: Person | None) -> Iterator[bytes]:
        if person is None or person.body is None:
            return absence_packets(self._t_s)
        return person_packets(person.body, self._t_s)
