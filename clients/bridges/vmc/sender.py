"""Frames to VMC receivers: one person a port, who keeps it while they are in view."""

import socket

from ....core.clock import SECOND_NS
from ....core.errors import EndpointError
from ...python import Frame
from .packets import absence_packets, person_packets


class VmcSender:
    """Sends UDP packets to as many ports as there may be people, from `port` on."""

    def __init__(self, host: str, port: int, people: int) -> None:
        """Look up the host.

        Raises:
            EndpointError: there is no such host, or no such port.
        """
        if not (port > 0 and people > 0 and port + people <= 65536):
            raise EndpointError(f"ports {port} to {port + people - 1}: valid are 1 to 65535")
        try:
            family, kind, protocol, _, address = socket.getaddrinfo(
                host, port, type=socket.SOCK_DGRAM
            )[0]
        except OSError as error:
            raise EndpointError(f"no host {host!r} ({error.strerror})") from None
        self._socket = socket.socket(family, kind, protocol)
        self._host = str(address[0])
        self._port_of: dict[int, int] = {}  # by the person's id
        self._ports = range(port, port + people)
        self._session: str | None = None
        self._t_first_ns = 0

    def send(self, frame: Frame) -> None:
        """Send everybody who has a port and whose bones are known; tell the ports that are free."""
        message = frame.message
        if message.session != self._session:
            self._session, self._t_first_ns = message.session, message.t_receive_ns
            self._port_of.clear()
        t_s = (message.t_receive_ns - self._t_first_ns) / SECOND_NS
        people = {person.id: person for person in frame.people}
        self._port_of = {id: port for id, port in self._port_of.items() if id in people}
        for person_id in people:
            free = [port for port in self._ports if port not in self._port_of.values()]
            if person_id not in self._port_of and free:
                self._port_of[person_id] = free[0]
        owner = {port: people[id] for id, port in self._port_of.items()}
        for port in self._ports:
            body = owner[port].body if port in owner else None
            packets = absence_packets(t_s) if body is None else person_packets(body, t_s)
            for packet in packets:
                self._socket.sendto(packet, (self._host, port))

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()
