"""Sound that waits to be played, with marks between: kept, cut into frames, thrown away. Pure."""

from __future__ import annotations

from collections import deque

MAX_MARKS = 1000


class Playout:
    """Sizes in bytes.

    :param frame: 20 ms.
    :param silence: a whole sample (or more) that the end of the last frame is filled with.
    :param most: what waits at most; sound beyond that is refused.
    :param ahead: frames that must wait before the first one is given after a pause, so that sound
        that comes unevenly is heard evenly. What a mark ends is not held up.
    """

    def __init__(self, frame: int, silence: bytes, most: int, ahead: int) -> None:
        self.taken = self.played = self.refused = self.cleared = 0
        self._frame = frame
        self._silence = silence
        self._most = most
        self._ahead = ahead
        self._sound = bytearray()
        self._marks: deque[tuple[int, str]] = deque()  # behind which byte of all that was taken
        self._at = 0  # so many bytes of it are gone
        self._is_playing = False
        self._held = 0  # ticks that the first frame has been held up

    @property
    def waiting(self) -> int:
        return len(self._sound)

    def add(self, sound: bytes) -> None:
        """Take sound; what there is no room for is refused, its end first."""
        room = self._most - len(self._sound)
        room -= room % len(self._silence)
        if len(sound) > room:
            self.refused += len(sound) - room
            sound = sound[:room]
        self._sound += sound
        self.taken += len(sound)

    def mark(self, name: str) -> bool:
        """Take a mark; False: there are too many."""
        if len(self._marks) >= MAX_MARKS:
            return False
        self._marks.append((self.taken, name))
        return True

    def reached(self) -> list[str]:
        """The marks before which nothing waits any more, in order; each is given once."""
        names = []
        while self._marks and self._marks[0][0] <= self._at:
            names.append(self._marks.popleft()[1])
        return names

    def clear(self) -> None:
        """Throw away what waits; all marks are reached."""
        self.cleared += len(self._sound)
        self._at += len(self._sound)
        self._sound.clear()
        self._is_playing = False

    def next(self) -> bytes | None:
        """The frame of these 20 ms; None if nothing is to be heard."""
        waiting = len(self._sound)
        if not self._is_playing and self._must_wait(waiting):
            return None
        self._held = 0
        self._is_playing = bool(waiting)
        if not waiting:
            return None
        frame = bytes(self._sound[: self._frame])
        del self._sound[: self._frame]
        self._at += len(frame)
        self.played += len(frame)
        missing = self._frame - len(frame)
        if missing:
            self._is_playing = False
            frame += self._silence * (missing // len(self._silence))
        return frame

    def _must_wait(self, waiting: int) -> bool:
        is_enough = waiting >= self._frame * self._ahead or bool(self._marks)
        if not waiting or is_enough or self._held >= self._ahead:
            return False
        self._held += 1
        return True
