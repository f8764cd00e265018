"""How long sound must wait so that what comes unevenly can be played evenly. Pure.

What counts is the transit: when a packet arrived, less the time that its timestamp says. Only its
changes mean anything, since the two clocks have nothing to do with each other. The least transit of
the last seconds is the base; what others took longer is jitter. As the base is looked for anew all
the time, it follows a peer whose clock is faster or slower than ours.
"""

from __future__ import annotations

from collections import deque

WINDOW = 0.5  # seconds; of each only the extremes are remembered
WINDOWS = 16  # so many back
LEAST, MOST = 0.04, 0.3  # seconds
FIRST = 0.06  # before anything is known
MARGIN = 0.02  # on top of the jitter: late ticks of our own, steps of one frame
TOO_LATE = 2  # so many packets that came too late make it look again at once


class Delay:
    """Says when to play: `base + target` after the time of a packet's timestamp."""

    __slots__ = ("_end", "_late", "_longest", "_shortest", "_windows", "base", "target")

    def __init__(self, transit: float, now: float) -> None:
        self.base = transit
        self.target = FIRST
        self._windows: deque[tuple[float, float]] = deque(maxlen=WINDOWS)
        self._open(transit, now)

    def _open(self, transit: float, now: float) -> None:
        self._shortest = self._longest = transit
        self._end = now + WINDOW
        self._late = 0

    def arrived(self, transit: float, now: float) -> None:
        """A packet has arrived. All in seconds."""
        if transit < self._shortest:
            self._shortest = transit
            self.base = min(self.base, transit)
        elif transit > self._longest:
            self._longest = transit
        if transit > self.base + self.target:
            self._late += 1
        if now >= self._end or self._late >= TOO_LATE:
            self._close()
            self._open(transit, now)

    def _close(self) -> None:
        windows = self._windows
        windows.append((self._shortest, self._longest))
        self.base = min(shortest for shortest, _ in windows)
        longest = sorted(longest for _, longest in windows)
        # one hiccup in eight seconds is not worth waiting for
        jitter = longest[-2 if len(longest) > 2 else -1] - self.base
        self.target = min(max(jitter + MARGIN, LEAST), MOST)
