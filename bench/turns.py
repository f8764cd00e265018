"""Who speaks when, in a group of callers who talk with each other. Pure.

Turns of 1.5 s: in one turn a caller speaks alone, in the next one the following caller has the word
and another cuts in. So of four, one or two speak at any time, each of them three eighths of it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

TURN_PACKETS = 75


def speak(numbers: NDArray[Any], group: int, packet: int) -> NDArray[np.bool_]:
    """Of some callers: who speaks in the `packet`th 20 ms of the load.

    :param numbers: of the calls; `group` of them in a row belong together.
    """
    turn = packet // TURN_PACKETS + numbers // group  # not all groups in step
    after = (numbers - turn) % group
    is_cut_in_on = (turn + turn // group) % 2 == 1  # not always the same ones
    speaking: NDArray[np.bool_] = (after == 0) | ((after == 1) & is_cut_in_on)
    return speaking
