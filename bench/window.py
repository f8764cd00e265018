"""What arrived from an engine and what was sent to it, between `begin` and `end`.

All packets are counted; those of a few calls are decrypted and decoded, to know that there is sound.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from bench import figures
from bench.batches import Received
from bench.sound import loudest_dbfs

#: What is louder was said by somebody: quiet rooms have -60, speech -20 dBFS.
AUDIBLE_DBFS = -40.0


class Listener(Protocol):
    """One who can decrypt what is sent to him."""

    def payload(self, packet: bytes) -> bytes:
        """Of an SRTP packet; nothing if it is not for him."""


class Window:
    """:param listeners: by the port that their packets come from."""

    def __init__(self, now: int, listeners: Mapping[int, Listener]) -> None:
        self.began_ns = now
        self.sent = 0
        self.late_ns = 0
        self._seen: list[tuple[NDArray[Any], NDArray[Any], NDArray[Any]]] = []
        self._listeners = listeners
        self._ports = np.array(list(listeners), np.int64)
        self._kept: dict[int, list[bytes]] = {port: [] for port in listeners}

    def add(self, batch: Received, media: NDArray[np.bool_]) -> None:
        """Packets have come; `media`: which of them are RTP."""
        sequences = batch.data[media, 2].astype(np.int64) << 8 | batch.data[media, 3]
        self._seen.append((batch.ports[media], sequences, batch.stamps[media]))
        for row in np.flatnonzero(media & np.isin(batch.ports, self._ports)).tolist():
            packet = batch.data[row, : batch.lengths[row]].tobytes()
            self._kept[int(batch.ports[row])].append(packet)

    def end(self, now: int) -> dict[str, Any]:
        """The figures; see `figures.stream`."""
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
            "heard": self._heard(),
            "sent": self.sent,
            "load_late_ms": self.late_ns / 1e6,
        }

    def _heard(self) -> float | None:
        """The share of the listeners that heard somebody."""
        if not self._kept:
            return None
        audible = [
            is_audible([self._listeners[port].payload(packet) for packet in packets])
            for port, packets in self._kept.items()
        ]
        return sum(audible) / len(audible)


def is_audible(payloads: Sequence[bytes]) -> bool:
    """Is there speech in these Opus packets?"""
    return loudest_dbfs([one for one in payloads if one]) > AUDIBLE_DBFS
