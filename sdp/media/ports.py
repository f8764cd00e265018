"""UDP sockets of a fixed range, bound before they are needed, so that an answer never waits."""

from __future__ import annotations

import socket

READY = 8
RECEIVE_BUFFER = 262_144
EXPEDITED = 46 << 2  # DSCP of interactive audio (RFC 8837 section 5)


class NoPortLeft(Exception):
    """All ports of the range are in use."""


class PortPool:
    """Bound, non-blocking sockets at one IP address.

    :param ip: the address to bind to, v4 or v6; "0.0.0.0" and "::" are all addresses.
    :param ports: the range, both ends included.
    """

    def __init__(self, ip: str, ports: range) -> None:
        self._ip = ip
        self._family = socket.AF_INET6 if ":" in ip else socket.AF_INET
        self._ports = ports
        self._next = 0
        self._ready: list[socket.socket] = []
        self.refill()

    def refill(self) -> None:
        """Bind sockets until enough are ready. Call it when there is time."""
        while len(self._ready) < READY:
            bound = self._bind()
            if bound is None:
                return
            self._ready.append(bound)

    def take(self) -> socket.socket:
        """A fresh socket; the caller closes it, which frees its port.

        A used socket is never handed out again: what is still in flight to it stays unread.

        :raises NoPortLeft: the range is exhausted.
        """
        bound = self._ready.pop() if self._ready else self._bind()
        if bound is None:
            raise NoPortLeft
        return bound

    def close(self) -> None:
        for bound in self._ready:
            bound.close()
        self._ready.clear()

    def _bind(self) -> socket.socket | None:
        # ports take turns, so that a port rests for as long as possible before it is used again
        for _ in range(len(self._ports)):
            port = self._ports[self._next]
            self._next = (self._next + 1) % len(self._ports)
            bound = socket.socket(self._family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
            try:
                bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
                self._mark(bound)
                bound.bind((self._ip, port))
            except OSError:
                bound.close()
            else:
                return bound
        return None

    def _mark(self, bound: socket.socket) -> None:
        if self._family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, EXPEDITED)
        else:
            bound.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, EXPEDITED)
