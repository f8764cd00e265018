"""Keys that we press: RFC 4733 packets in the right number and time."""

from __future__ import annotations

from sdp.media.dtmf import Digit, DigitDetector
from sdp.media.operations.keys import SendDigits, steps
from tests.unit.sdp.media.operations.calls import DTMF, Call, play


def digits(operation_id: str, keys: str, tone_ms: int = 60, gap_ms: int = 60) -> SendDigits:
    return SendDigits(operation_id, keys, tone_ms=tone_ms, gap_ms=gap_ms)


def test_a_key_is_a_growing_event_whose_end_comes_three_times():
    sent = [(step.payload.hex(), step.begins) for step in steps("5", 60, 60)]

    assert sent == [
        ("050a00a0", True),
        ("050a0140", False),
        ("058a01e0", False),
        ("058a01e0", False),
        ("058a01e0", False),
        ("", False),
    ]


def test_the_shortest_key_is_one_packet_long():
    assert [step.payload.hex() for step in steps("D", 20, 0)] == ["0f8a00a0"] * 3
    assert next(steps("D", 20, 0)).begins


def test_pauses_last_half_a_second_and_a_second():
    assert [step.payload for step in steps("w", 100, 100)] == [b""] * 25
    assert len(list(steps("W", 100, 100))) == 50


def test_our_own_detector_understands_them():
    call = Call()
    call.start(digits("d", "1#w*", tone_ms=100, gap_ms=100))
    detector, pressed, stamps = DigitDetector(), [], []
    for _ in range(80):
        packet = call.packet()
        assert packet is not None
        if packet.payload_type == DTMF:
            stamps.append(packet.timestamp)
            pressed += detector.receive(packet.payload, packet.timestamp, call.now)

    assert pressed == [Digit("1", 100), Digit("#", 100), Digit("*", 100)]
    assert len(stamps) == 3 * 7
    first, second, third = sorted(set(stamps))
    assert (second - first) // 48 == 200, "tone and gap in milliseconds"
    assert (third - second) // 48 == 700, "tone, gap and pause"
    assert call.end("d") == {
        "operation_id": "d",
        "kind": "send_digits",
        "cause": "completed",
        "digits": "1#*",
    }


def test_a_prompt_is_held_while_keys_are_pressed():
    call = Call()
    call.start(play("a"))
    call.send()
    call.start(digits("d", "1", tone_ms=20, gap_ms=60))

    assert call.send(6) == ["key 1", "key 1", "key 1", "-", "a1", "-"]


def test_two_runs_of_keys_take_turns():
    call = Call()
    call.start(digits("d", "1", tone_ms=20, gap_ms=40))
    other = call.start(digits("e", "2", tone_ms=20, gap_ms=40))
    assert other.status().state == "queued"

    assert call.send(7) == ["key 1"] * 3 + ["key 2"] * 3 + ["-"]
    assert call.told() == ["started d", "finished d completed", "started e", "finished e completed"]


def test_a_stop_in_the_middle_tells_what_was_pressed():
    call = Call()
    sending = call.start(digits("d", "12", tone_ms=20, gap_ms=40))
    call.send(2)
    sending.obey("stop", {}, 0.0)

    assert call.send() == ["-"]
    assert call.end("d")["digits"] == "1"


def test_one_that_waits_can_be_stopped():
    call = Call()
    call.start(digits("d", "1", tone_ms=20, gap_ms=40))
    call.start(digits("e", "2")).finish("stopped", 0.0)

    assert call.send(4) == ["key 1"] * 3 + ["-"]


def test_before_the_gate_is_open_nobody_takes_a_turn():
    call = Call(is_open=False)
    first = call.start(digits("d", "1"))
    call.start(digits("e", "2", tone_ms=20, gap_ms=40))
    first.finish("stopped", 0.0)
    assert call.outlet.keys is None

    call.open()

    assert call.send() == ["key 2"]


def test_no_keys_are_no_packets():
    call = Call()
    call.start(digits("d", ""))

    assert call.send(2) == ["-", "-"]
    assert call.end("d")["cause"] == "completed"


def test_who_waits_for_a_turn_does_not_begin_when_the_call_ends():
    call = Call()
    call.ask("a", "send_digits", digits="1")
    call.ask("b", "send_digits", digits="2")
    call.packet()
    call.session.close(1.0)

    assert call.told() == ["started a", "finished a hung_up", "finished b hung_up"]
