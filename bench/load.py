"""The load: many phones on a relay like Meta's, each 50 packets of Opus a second, each way.

A process of its own, driven by JSON lines: one request on stdin, one reply on stdout.

    {"do": "expect", "peer": 7}   answer this peer's ICE checks and take its DTLS handshake
    {"do": "status"}              {"connected", "dtls_ms": [...]}, the times since the last status
    {"do": "begin"}               count from now on
    {"do": "end"}                 what arrived since: see `Load.end`

20 sockets, each with its millisecond of every 20: then its peers' packets go out with one system
call, and half a round later what has arrived is taken with another. Arrival times are the
kernel's, so a late look at a socket falsifies nothing. Of what is received, only the packets of
a few calls are decrypted, after the window: see `window`.
"""

from __future__ import annotations

import argparse
import json
import select
import socket
import sys
import time
from typing import Any

import numpy as np

from bench import peers
from bench.batches import ROWS, Inbox, Received
from bench.lanes import Lane, Sound
from bench.window import Listener, Window

LANES = 20
STEP_NS = 1_000_000
LISTENERS = 4  # of the oldest calls, and as many of the newest


class Load:
    """All lanes and their clock.

    :param group: so many callers take turns at speaking; 0: all speak.
    """

    def __init__(self, group: int) -> None:
        sound = Sound(group)
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
        sent = self._lanes[step % LANES].speak(step // LANES)
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
                self._window = Window(time.monotonic_ns(), self._listeners())
            case "end":
                reply = self.end()
            case _:
                self._is_over = True
        say(reply)

    def _listeners(self) -> dict[int, Listener]:
        """Some calls whose sound is listened to: a peer that has been heard before, or that is new,
        cannot have missed that its sequence numbers began anew, and so is decrypted for sure."""
        through = [(port, peer) for port, peer in self._by_port.items() if peer.sender is not None]
        return dict((*through[:LISTENERS], *through[LISTENERS:][-LISTENERS:]))

    def end(self) -> dict[str, Any]:
        """Close the window; its figures, see `figures.stream`, with both sides' packet counts."""
        window, self._window = self._window, None
        return {} if window is None else window.end(time.monotonic_ns())


def say(reply: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(reply) + "\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.load")
    parser.add_argument("--group", type=int, default=0, help="so many callers take turns")
    load = Load(parser.parse_args().group)
    say(load.greeting())
    load.run()


if __name__ == "__main__":
    main()
