"""`python -m sdp.media.mixdown CALLER OURS OUTPUT [SIDES FORMAT]`: two tracks to one file.

SIDES both (the default): left is the caller, right is us; both begin at zero. FORMAT ogg (the
default) takes the packets as they are unless voices have to be mixed. Runs in a process of its own at low priority,
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
from sdp.media.recording import Format, Layout, Sides
from sdp.media.rtp import CLOCK_RATE, PACKET_TICKS
from sdp.media.stereo import lone, slots, weave
from sdp.media.wavefile import complete_wav

NICENESS = 10
SERIAL = 0x5357484B


def mix(caller: Track, ours: Track, output: Path, layout: Layout | None = None) -> int:
    """Write the file; returns its length in milliseconds."""
    layout = layout or Layout()
    tracks = {Sides.CALLER: (caller,), Sides.OURS: (ours,)}.get(layout.sides, (caller, ours))
    lanes = [slots(_packets(track)) for track in tracks]
    with output.open("wb") as file:
        for part in _parts(lanes, layout):
            file.write(part)
        file.flush()
        os.fsync(file.fileno())
    if layout.format is Format.WAV:
        complete_wav(output)
    return max(track.end for track in tracks) * 1000 // CLOCK_RATE


def _parts(lanes: list[Iterator[bytes]], layout: Layout) -> Iterator[bytes]:
    is_mixed = layout.sides is Sides.MIXED
    if layout.format is Format.OGG and not is_mixed:
        return weave(lanes[0], lanes[1], SERIAL) if len(lanes) == 2 else lone(lanes[0], SERIAL)
    # imported only now: PyAV takes longer to load than a whole call takes to be put together
    from sdp.media.render import mixed_ogg, wav

    return mixed_ogg(lanes, SERIAL) if layout.format is Format.OGG else wav(lanes, is_mixed)


def _packets(track: Track) -> Iterator[Placed]:
    if all(frame_ticks(placed.packet[0]) == PACKET_TICKS for placed in track.packets()):
        return track.packets()
    from sdp.media.transcode import regular

    return regular(track.packets())


def _read(path: Path) -> Track:
    try:
        return read_track(path.read_bytes())
    except (OSError, OggError):
        return Track({})


def main(arguments: list[str]) -> int:
    os.nice(NICENESS)
    caller, ours, output = map(Path, arguments[:3])
    layout = Layout.from_tags(dict(zip(("sides", "format"), arguments[3:], strict=False)))
    tracks = _read(caller), _read(ours)
    duration = mix(*tracks, output, layout) if any(track.end for track in tracks) else 0
    print(json.dumps({"duration_ms": duration}))  # noqa: T201 - the protocol with `files`
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
