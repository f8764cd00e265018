"""Whether somebody speaks: a judgement of each 20 ms, and what makes a beginning and an end. Pure.

Each frame is judged by WebRTC's voice activity detector (a Gaussian mixture model of six bands),
after everything that is too quiet to be meant for us has been left out: an echo of our own prompt,
a television in the next room. Two clocks make speech of the judgements, so that a cough does not
begin it and a breath does not end it.

Music and singing are voices to this detector; noise and lines that hum are not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import webrtcvad

from sdp.media.eartap import RATE
from sdp.media.rtp import PACKET_SECONDS

#: Are these 20 ms (16 kHz, mono, 16-bit) voiced?
IsVoiced: TypeAlias = Callable[[bytes], bool]

#: An unvoiced frame takes away as much as so many voiced ones have brought.
_LEAK = 2.0
_CLOSE = 1e-9  # sums of 20 ms are not exact


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceTerms:
    """What counts as speech."""

    aggressiveness: int = 2  # 0 to 3: how sure the detector must be
    start_ms: int = 160  # of voice make a beginning; the detector's own start takes 140 ms of noise
    stop_ms: int = 600  # of silence make an end
    least_dbfs: float = -45.0  # quieter frames are silence


def make_judge(terms: VoiceTerms) -> IsVoiced:
    """WebRTC's detector behind a gate of loudness; it learns, so it belongs to one stream."""
    detector = webrtcvad.Vad(terms.aggressiveness)
    least = power_of(terms.least_dbfs)

    def is_voiced(frame: bytes) -> bool:
        return bool(power(frame) >= least and detector.is_speech(frame, RATE))

    return is_voiced


def power(frame: bytes) -> float:
    """The mean square of 16-bit samples."""
    wave = np.frombuffer(frame, np.int16).astype(np.float32)
    return float(np.dot(wave, wave)) / max(len(wave), 1)


def power_of(dbfs: float) -> float:
    """The mean square of samples of this loudness (RMS, dBFS)."""
    return float((32768 * 10 ** (dbfs / 20)) ** 2)


class VoiceDetector:
    """Tells when speech begins and ends; give it each frame, and the time when there are none.

    `began_at` and `voiced_at` are the beginning and the last voiced moment of the latest speech.
    """

    __slots__ = ("_is_voiced", "_start", "_stop", "_voice", "began_at", "is_speaking", "voiced_at")

    def __init__(self, is_voiced: IsVoiced, terms: VoiceTerms) -> None:
        self.is_speaking = False
        self.began_at = self.voiced_at = 0.0
        self._is_voiced = is_voiced
        self._start = terms.start_ms / 1000 - _CLOSE
        self._stop = terms.stop_ms / 1000 - _CLOSE
        self._voice = 0.0  # seconds of voice that lately came together

    def hear(self, frame: bytes, now: float) -> bool:
        """Take 20 ms that have just been heard. Has speech begun or ended with them?"""
        if not self._is_voiced(frame):
            self._voice = max(self._voice - _LEAK * PACKET_SECONDS, 0.0)
            return self.wait(now)
        self.voiced_at = now
        if self.is_speaking:
            return False
        if not self._voice:
            self.began_at = now - PACKET_SECONDS
        self._voice += PACKET_SECONDS
        self.is_speaking = self._voice >= self._start
        return self.is_speaking

    def wait(self, now: float) -> bool:
        """Time has passed. Has speech ended? (A peer that is silent may send no packets.)"""
        if not self.is_speaking or now - self.voiced_at < self._stop:
            return False
        self.is_speaking = False
        self._voice = 0.0
        return True
