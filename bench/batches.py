"""Many UDP datagrams with one system call, in numpy arrays: recvmmsg and sendmmsg.

The load generator has to be much cheaper than what it measures. It neither wakes up for a packet
nor looks at one: the kernel notes when each arrived, and a batch is counted as arrays.
64-bit Linux only (the layout of `struct msghdr`).
"""

from __future__ import annotations

import ctypes
import socket
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROWS = 512
ROW_BYTES = 2048
SO_TIMESTAMPNS = 35  # also the type of the control message that carries it
_CONTROL_BYTES = 64
_NAME_BYTES = 28

_MESSAGE = np.dtype(
    {
        "names": [
            "name",
            "name_length",
            "vector",
            "vectors",
            "control",
            "control_length",
            "length",
        ],
        "formats": ["u8", "u4", "u8", "u8", "u8", "u8", "u4"],
        "offsets": [0, 8, 16, 24, 32, 40, 56],
        "itemsize": 64,
    }
)
_VECTOR = np.dtype([("base", "u8"), ("length", "u8")])

_libc = ctypes.CDLL(None, use_errno=True)
_receive = _libc.recvmmsg
_receive.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_uint, ctypes.c_int, ctypes.c_void_p]
_send = _libc.sendmmsg
_send.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_uint, ctypes.c_int]


def address_of(array: NDArray[Any]) -> int:
    """Where an array's memory begins."""
    return int(array.ctypes.data)


def _rows(array: NDArray[Any]) -> NDArray[np.uint64]:
    """The address of each row of a two-dimensional array."""
    first = np.uint64(address_of(array))
    return first + np.arange(len(array), dtype="u8") * np.uint64(array.strides[0])


class _Batch:
    """Messages that point into `data`, one row each."""

    def __init__(self, rows: int, row_bytes: int) -> None:
        self.data = np.zeros((rows, row_bytes), np.uint8)
        self._names = np.zeros((rows, _NAME_BYTES), np.uint8)
        self._vectors = np.zeros(rows, _VECTOR)
        self._vectors["base"] = _rows(self.data)
        self._vectors["length"] = row_bytes
        self._messages = np.zeros(rows, _MESSAGE)
        self._messages["name"] = _rows(self._names)
        self._messages["name_length"] = 16
        self._messages["vector"] = _rows(self._vectors.reshape(rows, 1))
        self._messages["vectors"] = 1
        self._pointer = address_of(self._messages)


@dataclass(frozen=True, slots=True)
class Received:
    """A batch: each array has one entry per datagram. They are views, good until the next batch."""

    data: NDArray[np.uint8]
    lengths: NDArray[np.uint32]
    hosts: NDArray[np.uint8]
    ports: NDArray[np.uint16]
    stamps: NDArray[np.int64]  # arrival in nanoseconds, by the kernel's clock


class Inbox(_Batch):
    """Takes what a socket has, up to `ROWS` datagrams at once. One for all sockets."""

    def __init__(self) -> None:
        super().__init__(ROWS, ROW_BYTES)
        self._control = np.zeros((ROWS, _CONTROL_BYTES), np.uint8)
        self._messages["control"] = _rows(self._control)
        # behind the 16 bytes of `struct cmsghdr`: seconds and nanoseconds
        self._times = self._control.view(np.int64)[:, 2:4]
        self._ports = self._names[:, 2:4].view(">u2")[:, 0]

    def receive(self, fileno: int) -> Received:
        """Whatever is there now; does not wait."""
        self._messages["name_length"] = _NAME_BYTES
        self._messages["control_length"] = _CONTROL_BYTES
        count = max(_receive(fileno, self._pointer, ROWS, socket.MSG_DONTWAIT, None), 0)
        times = self._times[:count]
        return Received(
            data=self.data[:count],
            lengths=self._messages["length"][:count],
            hosts=self._names[:count, 4:8],
            ports=self._ports[:count].astype(np.uint16),
            stamps=times[:, 0] * 1_000_000_000 + times[:, 1],
        )


class Outbox(_Batch):
    """A packet for each of up to `rows` peers of one socket, sent together."""

    def __init__(self, rows: int, row_bytes: int) -> None:
        super().__init__(rows, row_bytes)
        self.pointers = [int(row) for row in _rows(self.data)]

    def aim(self, row: int, address: tuple[str, int]) -> None:
        """Where this row's packets go from now on."""
        name = self._names[row]
        name[:2] = np.frombuffer(np.uint16(socket.AF_INET).tobytes(), np.uint8)
        name[2:4] = np.frombuffer(address[1].to_bytes(2, "big"), np.uint8)
        name[4:8] = np.frombuffer(socket.inet_aton(address[0]), np.uint8)

    def send(self, fileno: int, lengths: NDArray[np.int64]) -> int:
        """Send the first `len(lengths)` rows; returns how many the kernel took."""
        count = len(lengths)
        self._vectors["length"][:count] = lengths
        return max(int(_send(fileno, self._pointer, count, socket.MSG_DONTWAIT)), 0)


def open_socket(ip: str, buffer_bytes: int = 1 << 20) -> socket.socket:
    """A bound UDP socket whose datagrams carry the time of their arrival."""
    bound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer_bytes)
    bound.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    bound.bind((ip, 0))
    return bound
