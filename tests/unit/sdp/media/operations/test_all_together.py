"""All kinds of operations on several calls at once, in any order, ended in any way."""

from __future__ import annotations

import struct
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from sdp.media.messages import MessageError, OperationKind
from sdp.media.opus import SILENCE
from sdp.media.registry import Refused
from sdp.media.rtp import CLOCK_RATE
from tests.unit.sdp.media.operations.switchboard import QUIET, STEP, VOICE, Call, Switchboard

STEPS = 1600  # of 5 ms
ENDS = ("operation_finished", "operation_failed")


class Storm:
    """Requests, packets and ends, as they come.

    :param is_clean: all peers' packets arrive, in order and in time.
    """

    def __init__(self, seed: int, *, is_clean: bool) -> None:
        self.random = Random(seed)
        self.board = Switchboard(self.random)
        self.is_clean = is_clean
        self.all: list[Call] = []
        self.asked: list[tuple[Call, str]] = []
        self._step = 0

    # --- what happens -----------------------------------------------------------------------------

    def step(self) -> None:
        board, random = self.board, self.random
        board.now += STEP
        self._step += 1
        for call in tuple(board.calls.values()):
            self._speak(call)
        for call in tuple(board.calls.values()):
            if self._step % 4 == call.phase:
                call.turn(1)
            call.take()
        board.go_on()
        if random.random() < 0.1:
            board.sounds.grow()
        for line in board.streams.lines:
            if random.random() < 0.02:
                line.happen(random, board.now)

    def _speak(self, call: Call) -> None:
        random, now = self.random, self.board.now
        if call.session.is_flowing and now >= call.said_at + 0.02 / call.drift:
            self._say(call, random)

    def _say(self, call: Call, random: Random) -> None:
        call.said_at += 0.02 / call.drift
        if random.random() < 0.01:
            call.has_voice = not call.has_voice
        if call.keys is not None and random.random() < 0.01:
            self._press(call, call.keys)
        elif not self.is_clean and random.random() < 0.05:
            self._disturb(call)
        else:
            call.hear(VOICE if call.has_voice else QUIET)

    def _press(self, call: Call, kind: int) -> None:
        key = self.random.randrange(12)
        for index in range(4):
            flags = 0x8A if index else 0x0A
            call.hear(struct.pack("!BBH", key, flags, 160 * (index + 1)), kind, 960 * (not index))

    def _disturb(self, call: Call) -> None:
        what = self.random.randrange(5)
        if what == 0:  # lost
            call.sequence, call.timestamp = call.sequence + 1, call.timestamp + 960
        elif what == 1:  # two change places
            sequence, timestamp = call.sequence, call.timestamp
            call.sequence, call.timestamp = sequence + 1, timestamp + 960
            call.hear(VOICE)
            call.sequence, call.timestamp = sequence, timestamp
            call.hear(VOICE)
            call.sequence, call.timestamp = sequence + 2, timestamp + 1920
        elif what == 2:  # a pause
            call.said_at += self.random.choice((0.1, 0.5, 1.5))
        elif what == 3:  # the clock jumps
            call.timestamp = self.random.getrandbits(32)
        else:  # late, then all at once
            for _ in range(self.random.choice((3, 10, 40))):
                call.hear(VOICE)

    # --- what is asked for ------------------------------------------------------------------------

    def act(self) -> None:
        random, board = self.random, self.board
        chance = random.random()
        live = [one for one in board.calls.values() if not one.session.is_over]
        if len(live) < 2 or (chance < 0.1 and len(live) < 5):
            self._call()
        elif chance < 0.14:
            call = random.choice(live)
            random.choice((board.end, board.fail))(call)
            if call.session.phase == "closed":
                del board.calls[call.call_id]
        elif chance < 0.65 or not self.asked:
            self._start(random.choice(live))
        else:
            call, operation_id = random.choice(self.asked)
            verb = random.choice(("stop", "stop", "pause", "resume", "update"))
            update = random.choice(({"muted": True}, {"deaf": True}, {"volume_db": 3}, {}))
            mode = {"mode": random.choice(("listen", "whisper", "barge"))}
            options = random.choice((update, mode)) if verb == "update" else {}
            self._try(board.command, call, operation_id, verb, options)

    def _call(self) -> None:
        call = Call(f"c{len(self.all)}", self.board, self.random)
        self.all.append(call)
        self.board.calls[call.call_id] = call
        if self.random.random() < 0.8:
            call.open()

    def _start(self, call: Call) -> None:
        if call.session.phase == "checking":
            call.open()
        kind = self.random.choice(tuple(OperationKind))
        operation_id = f"o{len(self.asked)}"
        options = self._options(kind, call)
        if self._try(self.board.start, call, operation_id, kind, options):
            self.asked.append((call, operation_id))

    def _try(self, request: Callable[..., None], *words: Any) -> bool:
        try:
            request(*words)
        except (Refused, MessageError):
            return False
        return True

    def _sound(self) -> dict[str, Any]:
        pick = self.random.choice
        return {
            "source": pick(({"prompt": "p"}, {"url": "https://a"}, {"tone": "ringback"})),
            "loop": pick((0, 1, 2)),
            "barge_in": pick(("none", "digit", "speech", "any")),
        }

    def _options(self, kind: OperationKind, call: Call) -> dict[str, Any]:
        pick = self.random.choice
        other = pick([one for one in self.board.calls if one != call.call_id] or ["nobody"])
        sound = self._sound()
        maybe = pick(({}, {"progress_ms": 100}, {"queue": "replace"}))
        options: dict[OperationKind, dict[str, Any]] = {
            OperationKind.PLAY: sound | maybe,
            OperationKind.SAY: {"text": "one two", "language": "en"},
            OperationKind.GATHER: pick(({}, {"prompt": sound})) | {"first_digit_seconds": 1},
            OperationKind.SEND_DIGITS: {"digits": "1w2"},
            OperationKind.RECORD: {
                "beep": pick((True, False)),
                "sides": pick(("both", "ours")),
                "silence_seconds": pick((0, 1)),
                "pause_while_gathering": pick((True, False)),
            }
            | pick(({}, {"announcement": sound})),
            OperationKind.MUTE: {"direction": pick(("in", "out", "both"))},
            OperationKind.HOLD: pick(({}, {"music": sound})),
            OperationKind.DETECT: {"tones": ["beep", "busy"]},
            OperationKind.LEVEL: {"interval_ms": 100},
            OperationKind.STATISTICS: {"interval_seconds": 1},
            OperationKind.BRIDGE: {"with": other, "max_seconds": pick((0, 1))},
            OperationKind.ROUTE: {"to": other, "dtmf": pick((True, False))},
            OperationKind.SUPERVISE: {"target": other, "mode": pick(("listen", "barge"))},
            OperationKind.STREAM: {
                "url": "wss://a",
                "tracks": pick(("inbound", "outbound", "both")),
                "clear_on_speech": pick((True, False)),
                "bidirectional": pick((True, False)),
            },
            OperationKind.CONFERENCE: {
                "conference_id": pick("xy"),
                "role": pick(("member", "member", "listener", "moderator")),
                "beep": pick(("none", "both")),
                "exit_tone": pick((None, sound)),
                "music_alone": pick((None, sound)),
            },
        }
        return options.get(kind, {})

    # --- the end ----------------------------------------------------------------------------------

    def stop_all(self) -> None:
        """Stop each operation by itself, in any order; the calls go on."""
        self.random.shuffle(self.asked)
        for call, operation_id in self.asked:
            self._try(self.board.command, call, operation_id, "stop", {})

    def hang_up_all(self) -> None:
        left = list(self.board.calls.values())
        self.random.shuffle(left)
        for call in left:
            self.board.end(call)
        self.board.calls.clear()

    def settle(self) -> None:
        """What runs in the background comes to its end, and the last tones of others too."""
        for _ in range(800):
            self.step()
        while self.board.work:
            self.board.go_on(1.0)


def storm(seed: int, *, is_clean: bool) -> Storm:
    made = Storm(seed, is_clean=is_clean)
    for step in range(STEPS):
        made.step()
        if step % 5 == 0:
            made.act()
    return made


SEEDS = range(5)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("is_clean", [True, False])
def test_nothing_is_left_when_all_operations_have_been_stopped(seed, is_clean):
    made = storm(seed, is_clean=is_clean)
    made.stop_all()
    made.settle()

    for call in made.board.calls.values():
        _is_plain(call)
    _is_empty(made.board)
    _tells_each_end_once(made)
    for call in made.all:
        _sends_evenly(call, is_clean=is_clean)


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_is_left_when_all_calls_have_ended(seed):
    made = storm(seed + 1000, is_clean=False)
    made.hang_up_all()
    made.settle()

    for call in made.all:
        _is_plain(call)
    _is_empty(made.board)
    _tells_each_end_once(made)


def _is_plain(call: Call) -> None:
    """Nothing is done on it: it sends silence, and nobody hears it."""
    session = call.session
    outlet, inlet = session.outlet, session.inlet
    assert list(session.operations) == []
    assert not session.operations.is_timed
    layers = (outlet.keys, outlet.queue, outlet.background, outlet.source, outlet.mix, outlet.taps)
    assert [one for one in layers if one] == []
    assert (outlet.is_forwarding, outlet.is_held, outlet.is_muted) == (False, False, False)
    assert (inlet.wires, inlet.ear, inlet.recordings, inlet.is_deaf) == ((), None, [], False)
    for _, operation in session.operations._known.values():
        assert operation.is_ended
        assert getattr(operation, "_prompt", None) is None or operation.kind == "gather"
    if session.is_flowing:
        assert [packet.payload for _, packet, _ in call.sent[-3:]] == [SILENCE] * 3


def _is_empty(board: Switchboard) -> None:
    patchbay = board.patchbay
    assert (patchbay._edges, patchbay._ears, patchbay._watchers) == ({}, {}, [])
    assert board.mixer._feeds == {}
    assert board.operator._playing == {}
    assert board.rooms()._rooms == {}
    assert all(line.is_closed or line.stream._call is None for line in board.streams.lines)


def _tells_each_end_once(made: Storm) -> None:
    for call, operation_id in made.asked:
        told = call.about(operation_id)
        assert sum(told[end] for end in ENDS) == 1, (operation_id, told)
        assert told["operation_started"] <= 1
        order = [kind for kind, data in call.told if data.get("operation_id") == operation_id]
        assert order[-1] in ENDS, order
        assert told["speech_started"] == told["speech_stopped"]
        assert told["talking_started"] == told["talking_stopped"]
        assert told["bridged"] == told["unbridged"]


def _sends_evenly(call: Call, *, is_clean: bool) -> None:
    """One stream: numbers and timestamps go on, and as much sound is sent as time passes."""
    packets = [packet for _, packet, _ in call.sent]
    if not packets:
        return
    assert len({packet.ssrc for packet in packets}) == 1
    numbers = _unwrapped([packet.sequence for packet in packets], 1 << 16)
    stamps = _unwrapped([packet.timestamp for packet in packets], 1 << 32)
    assert len(set(numbers)) == len(numbers), "no number is used twice"
    if is_clean:
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    in_order = [stamp for _, stamp in sorted(zip(numbers, stamps, strict=True))]
    assert in_order == sorted(in_order), "timestamps never go back"

    ticks = [at for at, _, is_forwarded in call.sent if not is_forwarded]
    gaps = [later - at for at, later in zip(ticks, ticks[1:], strict=False)]
    assert min(gaps, default=0.02) > 0.019, "one packet a tick"
    all_gaps = [late[0] - at[0] for at, late in zip(call.sent, call.sent[1:], strict=False)]
    assert max(all_gaps, default=0.0) < 0.6, "no pause is long"
    began_at = call.sent[0][0]
    for (at, _, _), stamp in zip(call.sent, stamps, strict=True):
        ahead = (stamp - stamps[0]) / CLOCK_RATE - (at - began_at)
        assert -0.7 < ahead < 0.6, "our timestamps go with the clock"


def _unwrapped(values: list[int], size: int) -> list[int]:
    whole = [values[0]]
    for value in values[1:]:
        step = (value - whole[-1]) % size
        whole.append(whole[-1] + (step - size if step > size // 2 else step))
    return whole
