"""The load: many phones on a relay like Meta's, each 50 packets of Opus a second, each way.

A process of its own, driven by JSON lines: one request on stdin, one reply on stdout.

    {"do": "expect", "peer": 7}   answer this peer's ICE checks and take its DTLS handshake
    {"do": "status"}              {"connected", "dtls_ms": [...]}, the times since the last status
    {"do": "begin"}               count from now on
    {"do": "end"}                 what arrived since: see `Load.end`

20 sockets, each with its millisecond of every 20: then its peers' packets go out with one system
call, and half a round later what has arrived is taken with another. Arrival times are the
kernel's, so a late look at a socket falsifies nothing. Received packets are not decrypted.
"""

from __future__ import annotations

import json
import os
import select
import socket
import sys
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pylibsrtp._binding import ffi, lib

from bench import figures, peers
from bench.batches import ROWS, Inbox, Outbox, Received, open_socket
from bench.offers import OPUS
from bench.sound import packets, speech

LANES = 20
LANE_PEERS = 64
STEP_NS = 1_000_000
_HEADER = np.dtype([("flags", "u1"), ("kind", "u1"), ("sequence", ">u2"), ("timestamp", ">u4")])
_HEADER_BYTES = 12
_ROW_BYTES = 512


class Sound:
    """The packets that all callers say, each beginning at another place."""

    def __init__(self) -> None:
        said = packets(speech(5.0))
        self.width = max(map(len, said))
        self.lengths = np.array([len(packet) for packet in said], np.int64)
        self.payloads = np.zeros((len(said), self.width), np.uint8)
        for row, packet in zip(self.payloads, said, strict=True):
            row[: len(packet)] = np.frombuffer(packet, np.uint8)


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
        self._begins = (np.arange(LANE_PEERS) * 53) % len(sound.lengths)
        self._sequence = int.from_bytes(os.urandom(2), "big") >> 1
        self._length = ffi.new("int *")

    def add(self, peer: peers.Peer) -> None:
        """From now on the peer speaks."""
        row = len(self.speakers)
        self._outbox.aim(row, peer.address)
        self._outbox.data[row, 8:12] = np.frombuffer(peer.ssrc.to_bytes(4, "big"), np.uint8)
        self.speakers.append(peer)

    def speak(self) -> int:
        """Send a packet of each peer; returns how many the kernel took."""
        count = len(self.speakers)
        if not count:
            return 0
        self._sequence += 1
        self._headers["sequence"][:count] = self._sequence & 0xFFFF
        self._headers["timestamp"][:count] = (self._sequence * 960) & 0xFFFFFFFF
        which = (self._begins[:count] + self._sequence) % len(self._sound.lengths)
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


class Window:
    """What arrived and went out between `begin` and `end`."""

    def __init__(self, now: int) -> None:
        self.began_ns = now
        self.sent = 0
        self.late_ns = 0
        self._seen: list[tuple[NDArray[Any], NDArray[Any], NDArray[Any]]] = []

    def add(self, batch: Received, media: NDArray[np.bool_]) -> None:
        sequences = batch.data[media, 2].astype(np.int64) << 8 | batch.data[media, 3]
        self._seen.append((batch.ports[media], sequences, batch.stamps[media]))

    def end(self, now: int) -> dict[str, Any]:
        empty = np.zeros(0, np.int64)
        columns = zip(*(self._seen or [(empty, empty, empty)]), strict=True)
        ports, sequences, stamps = (np.concatenate(column) for column in columns)
        measured = figures.stream(ports, sequences, stamps)
        return {
            "seconds": (now - self.began_ns) / 1e9,
            "packets": measured.packets,
            "lost": measured.missing,
            "pacing_sd_ms": measured.pacing_sd_ms,
            "largest_gap_ms": measured.largest_gap_ms,
            "calls_heard": len(np.unique(ports)),
            "sent": self.sent,
            "load_late_ms": self.late_ns / 1e6,
        }


class Load:
    """All lanes and their clock."""

    def __init__(self) -> None:
        sound = Sound()
        self._identity = peers.Identity()
        self._lanes = [Lane(sound) for _ in range(LANES)]
        self._inbox = Inbox()
        self._expected: set[int] = set()
        self._peers: dict[int, peers.Peer] = {}
        self._by_port: dict[int, peers.Peer] = {}
        self._handshakes_ms: list[float] = []
        self._window: Window | None = None
        self._is_over = False

    def greeting(self) -> dict[str, Any]:
        """What the other side needs to make offers."""
        ports = [lane.port for lane in self._lanes]
        return {"ports": ports, "fingerprint": self._identity.fingerprint}

    def run(self) -> None:
        """Until stdin is closed."""
        began, step = time.monotonic_ns(), 0
        while not self._is_over:
            now = time.monotonic_ns()
            due = (now - began) // STEP_NS
            if due - step > LANES:  # nobody speaks twice at once
                self._note_lateness((due - step) * STEP_NS)
                step = due - LANES
            while step < due:
                self._step(step)
                step += 1
            left = began + step * STEP_NS + STEP_NS - time.monotonic_ns()
            self._wait(max(left, 0) / 1e9)

    def _note_lateness(self, late_ns: int) -> None:
        if self._window is not None:
            self._window.late_ns = max(self._window.late_ns, late_ns)

    def _step(self, step: int) -> None:
        sent = self._lanes[step % LANES].speak()
        if self._window is not None:
            self._window.sent += sent
        lane = self._lanes[(step + LANES // 2) % LANES]
        if lane.speakers:
            self._drain(lane)

    def _wait(self, seconds: float) -> None:
        """Until the next step; meanwhile answer requests and those who are connecting."""
        connecting = {number % LANES for number in self._expected}
        watched: list[Any] = [self._lanes[index].socket for index in connecting]
        ready, _, _ = select.select([sys.stdin, *watched], [], [], seconds)
        for index in connecting:
            if self._lanes[index].socket in ready:
                self._drain(self._lanes[index])
        if sys.stdin in ready:
            self._obey(sys.stdin.readline())

    # --- packets ----------------------------------------------------------------------------------

    def _drain(self, lane: Lane) -> None:
        while True:
            batch = self._inbox.receive(lane.fileno)
            if len(batch.lengths):
                self._take(lane, batch)
            if len(batch.lengths) < ROWS:
                return

    def _take(self, lane: Lane, batch: Received) -> None:
        first, second = batch.data[:, 0], batch.data[:, 1]
        is_media = (first >= 128) & (first < 192)
        if self._window is not None:
            self._window.add(batch, is_media & ((second < 192) | (second >= 224)))
        for row in np.flatnonzero(~is_media).tolist():
            data = batch.data[row, : batch.lengths[row]].tobytes()
            address = socket.inet_ntoa(batch.hosts[row].tobytes()), int(batch.ports[row])
            if data[0] < 4:
                self._check(lane, data, address)
            else:
                self._handshake(lane, data, address, int(batch.stamps[row]))

    def _check(self, lane: Lane, request: bytes, address: tuple[str, int]) -> None:
        number = peers.number_of(request)
        if number is None or (number not in self._peers and number not in self._expected):
            return
        if number not in self._peers:
            peer = self._peers[number] = peers.Peer(number, self._identity, address)
            self._by_port[address[1]] = peer
        lane.socket.sendto(peers.reply(request, address), address)

    def _handshake(self, lane: Lane, record: bytes, address: tuple[str, int], stamp: int) -> None:
        peer = self._by_port.get(address[1])
        if peer is None:
            return
        was_through = peer.sender is not None
        for out in peer.receive(record, stamp):
            lane.socket.sendto(out, address)
        if peer.sender is not None and not was_through:
            self._handshakes_ms.append((time.time_ns() - peer.began_ns) / 1e6)
            self._expected.discard(peer.number)
            lane.add(peer)

    # --- requests ---------------------------------------------------------------------------------

    def _obey(self, line: str) -> None:
        request = json.loads(line) if line else {"do": "quit"}
        reply: dict[str, Any] = {}
        match request["do"]:
            case "expect":
                self._expected.add(int(request["peer"]))
            case "status":
                connected = sum(len(lane.speakers) for lane in self._lanes)
                reply = {"connected": connected, "dtls_ms": self._handshakes_ms}
                self._handshakes_ms = []
            case "begin":
                self._window = Window(time.monotonic_ns())
            case "end":
                reply = self.end()
            case _:
                self._is_over = True
        say(reply)

    def end(self) -> dict[str, Any]:
        """Close the window; its figures, see `figures.stream`, with both sides' packet counts."""
        window, self._window = self._window, None
        return {} if window is None else window.end(time.monotonic_ns())


def say(reply: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(reply) + "\n")
    sys.stdout.flush()


def main() -> None:
    load = Load()
    say(load.greeting())
    load.run()


if __name__ == "__main__":
    main()
