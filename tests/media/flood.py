"""Throws garbage at a UDP port, some ten thousand datagrams a second: run as a program of its own.

python flood.py FILENO HOST PORT SECONDS; FILENO of an open socket to send from, or -1 for a new one.
Prints how many datagrams were sent.
"""

from __future__ import annotations

import os
import socket
import sys
import time

RATE = 50_000  # datagrams a second
SLOT = 0.002
FIRST_BYTES = (
    b"\x80\x6f",
    b"\x80\xee",
    b"\x90\x6f",
    b"\x80\xc8",
    b"\x16\xfe\xfd",
    b"\0\1",
    b"\xff",
)


def flood(out: socket.socket, to: tuple[str, int], seconds: float) -> int:
    """Returns how many datagrams the kernel took."""
    garbage = [first + os.urandom(size) for first in FIRST_BYTES for size in (1, 20, 70, 300)]
    sent, began = 0, time.monotonic()
    while (passed := time.monotonic() - began) < seconds:
        for _ in range(min(int(passed * RATE) - sent, int(RATE * SLOT))):
            try:
                out.sendto(garbage[sent % len(garbage)], to)
            except OSError:  # a full buffer
                time.sleep(SLOT)
            sent += 1
        time.sleep(SLOT / 4)
    return sent


def main() -> None:
    fileno, host, port, seconds = sys.argv[1:]
    os.nice(10)  # a flood comes from elsewhere, it does not take our core
    if int(fileno) < 0:
        out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    else:
        out = socket.socket(fileno=int(fileno))
    with out:
        sys.stdout.write(str(flood(out, (host, int(port)), float(seconds))))


if __name__ == "__main__":
    main()
