"""What the callers say, and the sockets that they say it through."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pylibsrtp._binding import ffi, lib

from bench import peers, turns
from bench.batches import Outbox, open_socket
from bench.offers import OPUS
from bench.sound import packets, quiet, speech

LANE_PEERS = 64
_HEADER = np.dtype([("flags", "u1"), ("kind", "u1"), ("sequence", ">u2"), ("timestamp", ">u4")])
_HEADER_BYTES = 12
_ROW_BYTES = 512
SECONDS = 5.0


class Sound:
    """The packets that all callers say, each beginning at another place: speech, then a quiet room.

    :param group: so many callers take turns; 0: all speak all the time.
    """

    def __init__(self, group: int) -> None:
        said = packets(speech(SECONDS))
        self.group = group
        self.count = len(said)
        said += packets(quiet(SECONDS))
        self.width = max(map(len, said))
        self.lengths = np.array([len(packet) for packet in said], np.int64)
        self.payloads = np.zeros((len(said), self.width), np.uint8)
        for row, packet in zip(self.payloads, said, strict=True):
            row[: len(packet)] = np.frombuffer(packet, np.uint8)

    def choose(self, numbers: NDArray[Any], places: NDArray[Any], packet: int) -> NDArray[Any]:
        """Which packet each of these callers says."""
        which = places % self.count
        if self.group:
            which[~turns.speak(numbers, self.group, packet)] += self.count
        return which


class Lane:
    """One socket and the peers behind it, whose packets go out in the same millisecond."""

    def __init__(self, sound: Sound) -> None:
        self.socket = open_socket("127.0.0.1")
        self.fileno = self.socket.fileno()
        self.port = int(self.socket.getsockname()[1])
        self.speakers: list[peers.Peer] = []
        self._sound = sound
        self._outbox = Outbox(LANE_PEERS, _ROW_BYTES)
        self._headers: NDArray[Any] = self._outbox.data[:, :8].view(_HEADER)[:, 0]
        self._headers["flags"], self._headers["kind"] = 0x80, OPUS
        self._pointers = [ffi.cast("void *", row) for row in self._outbox.pointers]
        self._begins = np.arange(LANE_PEERS) * 53
        self._numbers = np.zeros(LANE_PEERS, np.int64)
        self._sequence = int.from_bytes(os.urandom(2), "big") >> 1
        self._length = ffi.new("int *")

    def add(self, peer: peers.Peer) -> None:
        """From now on the peer speaks."""
        row = len(self.speakers)
        self._outbox.aim(row, peer.address)
        self._outbox.data[row, 8:12] = np.frombuffer(peer.ssrc.to_bytes(4, "big"), np.uint8)
        self._numbers[row] = peer.number
        self.speakers.append(peer)

    def speak(self, packet: int) -> int:
        """Send the load's `packet`th packet of each peer; returns how many the kernel took."""
        count = len(self.speakers)
        if not count:
            return 0
        self._sequence += 1
        self._headers["sequence"][:count] = self._sequence & 0xFFFF
        self._headers["timestamp"][:count] = (self._sequence * 960) & 0xFFFFFFFF
        places = self._begins[:count] + self._sequence
        which = self._sound.choose(self._numbers[:count], places, packet)
        end = _HEADER_BYTES + self._sound.width
        self._outbox.data[:count, _HEADER_BYTES:end] = self._sound.payloads[which]
        lengths = self._sound.lengths[which] + _HEADER_BYTES
        length, protect = self._length, lib.srtp_protect
        for peer, pointer, plain in zip(
            self.speakers, self._pointers, lengths.tolist(), strict=False
        ):
            length[0] = plain
            protect(peer.sender, pointer, length)
        return self._outbox.send(self.fileno, lengths + peers.SRTP_TAG_BYTES)
