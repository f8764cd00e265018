"""From packets' arrival times and samples of a run to the figures of a table. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np
from numpy.typing import NDArray

PACKET_NS = 20_000_000
PACKETS_PER_SECOND = 50


@dataclass(frozen=True, slots=True)
class Stream:
    """What arrived from an engine during a window, over all calls."""

    packets: int
    missing: int  # by the sequence numbers: sent, but lost on the way
    pacing_sd_ms: float | None  # of the intervals between a call's packets, about 20 ms
    largest_gap_ms: float | None


def stream(
    calls: NDArray[np.integer], sequences: NDArray[np.integer], stamps: NDArray[np.integer]
) -> Stream:
    """Measure packets, given as three arrays of one entry each.

    :param calls: which call a packet belongs to, any number.
    :param sequences: its RTP sequence number.
    :param stamps: its arrival in nanoseconds.
    """
    order = np.lexsort((stamps, calls))
    calls, sequences = calls[order].astype(np.int64), sequences[order].astype(np.int64)
    stamps = stamps[order].astype(np.int64)
    within = np.diff(calls) == 0
    intervals = np.diff(stamps)[within]
    if not len(intervals):
        return Stream(len(calls), 0, None, None)
    steps = np.diff(sequences)[within] & 0xFFFF
    missing = int(np.sum(steps[(steps > 1) & (steps < 0x8000)] - 1))
    deviations = (intervals - PACKET_NS) / 1e6
    return Stream(
        packets=len(calls),
        missing=missing,
        pacing_sd_ms=float(np.sqrt(np.mean(deviations**2))),
        largest_gap_ms=float(np.max(intervals) / 1e6),
    )


def percentile(values: Sequence[float], percent: float) -> float | None:
    """The value that `percent` of the values do not exceed (nearest rank); None of nothing."""
    if not values:
        return None
    rank = max(int(np.ceil(percent / 100 * len(values))), 1)
    return sorted(values)[rank - 1]


def middle(values: Sequence[float | None]) -> float | None:
    """The median of those that there are; None if there are none."""
    known = [value for value in values if value is not None]
    return median(known) if known else None


def slope(points: Sequence[tuple[float, float]]) -> float | None:
    """By how much y grows per x, by least squares; None for fewer than two different x."""
    if len({x for x, _ in points}) < 2:
        return None
    mean_x = sum(x for x, _ in points) / len(points)
    mean_y = sum(y for _, y in points) / len(points)
    above = sum((x - mean_x) * (y - mean_y) for x, y in points)
    return above / sum((x - mean_x) ** 2 for x, _ in points)


def calls_per_core(packets: int, cpu_seconds: float) -> float | None:
    """How many calls one core carries: 1 / (CPU seconds per second of a call).

    A call-second is 50 packets that arrived, so that an engine which leaves packets out does not
    look cheaper than it is.
    """
    if packets <= 0 or cpu_seconds <= 0:
        return None
    return packets / PACKETS_PER_SECOND / cpu_seconds
