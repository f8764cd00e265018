"""How loud speech is, and how loud it shall be: as loud as the prompts. Pure."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.int16]

#: Mean power while somebody speaks; the greeting has it, and telephone networks ask for about it.
TARGET_DBFS = -19.0
MOST_DB = 20.0  # no voice is made louder or quieter by more
ENOUGH_BLOCKS = 500  # 10 s: then a voice is known
_BLOCKS_A_SECOND = 50
_PAUSE = 1e-3  # 30 dB below the loudest block nobody speaks
_KNEE, _ROOM = 0.75, 0.2  # of full scale: from the knee on what is louder is bent, never cut


def spoken(samples: Samples, rate: int) -> tuple[float, int]:
    """The power of all blocks of 20 ms with speech in them, added up, and how many they are."""
    size = rate // _BLOCKS_A_SECOND
    count = len(samples) // size
    if not count:
        return 0.0, 0
    blocks = samples[: count * size].reshape(count, size).astype(np.float32)
    powers = np.mean(blocks * blocks, axis=1)
    loud = powers[powers > max(float(powers.max()) * _PAUSE, 1.0)]
    return float(loud.sum()), len(loud)


def limited(samples: Samples, factor: float) -> Samples:
    """Samples times `factor`; peaks that would be cut are bent."""
    wave = samples.astype(np.float32) * (factor / 32768)
    size = np.abs(wave)
    over = size > _KNEE
    if over.any():
        bent = _KNEE + _ROOM * np.tanh((size[over] - _KNEE) / _ROOM)
        wave[over] = np.copysign(bent, wave[over])
    result: Samples = (wave * 32767).astype(np.int16)
    return result


class Levels:
    """How loud the voices are, learned from what they say: a few seconds are enough. Once a voice
    is known its factor stays, so that the sentences of a text keep their balance."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], tuple[float, int]] = {}

    def learn(self, voice: tuple[str, str], samples: Samples, rate: int) -> None:
        """:param voice: language and name."""
        power, blocks = self._known.get(voice, (0.0, 0))
        if blocks < ENOUGH_BLOCKS:
            more_power, more_blocks = spoken(samples, rate)
            self._known[voice] = power + more_power, blocks + more_blocks

    def factor(self, voice: tuple[str, str]) -> float:
        """What to multiply samples by; 1 for a voice that was never heard."""
        power, blocks = self._known.get(voice, (0.0, 0))
        if not blocks:
            return 1.0
        level = 10 * math.log10(power / blocks / 32768**2)
        gain = min(max(TARGET_DBFS - level, -MOST_DB), MOST_DB)
        return float(10 ** (gain / 20))
