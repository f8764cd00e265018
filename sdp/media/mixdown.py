"""`python -m sdp.media.mixdown CALLER OURS OUTPUT`: two tracks to one stereo Ogg/Opus file.

Left is the caller, right is us; both begin at zero. Runs in a process of its own at low priority,
so that live calls do not notice. Prints {"duration_ms": ...}; 0 and no file if both tracks are
empty. Anything else than that line is a failure.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from sdp.media.ogg import OggError, Placed, Track, read_track
from sdp.media.opus import frame_ticks
from sdp.media.rtp import CLOCK_RATE, PACKET_TICKS
from sdp.media.stereo import slots, weave

NICENESS = 10
SERIAL = 0x5357484B


def mix(caller: Track, ours: Track, output: Path) -> int:
    """Write the stereo file; returns its length in milliseconds."""
    with output.open("wb") as file:
        for page in weave(slots(_packets(caller)), slots(_packets(ours)), SERIAL):
            file.write(page)
        file.flush()
        os.fsync(file.fileno())
    return max(caller.end, ours.end) * 1000 // CLOCK_RATE


def _packets(track: Track) -> Iterator[Placed]:
    if all(frame_ticks(placed.packet[0]) == PACKET_TICKS for placed in track.packets()):
        return track.packets()
    # imported only now: PyAV takes longer to load than a whole call takes to be put together
    from sdp.media.transcode import regular

    return regular(track.packets())


def _read(path: Path) -> Track:
    try:
        return read_track(path.read_bytes())
    except (OSError, OggError):
        return Track({})


def main(arguments: list[str]) -> int:
    os.nice(NICENESS)
    caller, ours, output = map(Path, arguments)
    tracks = _read(caller), _read(ours)
    duration = mix(*tracks, output) if any(track.end for track in tracks) else 0
    print(json.dumps({"duration_ms": duration}))  # noqa: T201 - the protocol with `files`
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
