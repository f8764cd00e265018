"""Programs act on the audio of live calls over REST; the caller hears it, presses keys, hangs up."""

from __future__ import annotations

import signal
import uuid

import pytest

from tests.acceptance.stack import eventually

pytestmark = pytest.mark.acceptance

VOICE = {"kind": "tone", "frequency": 440}
#: US busy: 480 and 620 Hz, half a second of each second.
BUSY = {"kind": "play", "options": {"source": {"tone": "busy", "country": "us"}, "loop": 0}}


@pytest.fixture
def answered(stack):
    """A call that is answered and says nothing by itself."""
    stack.set_number(greeting="", record_calls=False)

    def answer(**plan):
        wa_call_id = stack.simulator.call(speak=VOICE, **plan)
        return wa_call_id, stack.reaches(wa_call_id, "answered")

    return answer


def operate(stack, call, body):
    response = stack.post(f"/calls/{call['id']}/operations/", body)
    assert response.status_code == 202, response.text
    return response.json()["id"]


def reaches(stack, operation_id, *states, seconds=15):
    def there():
        operation = stack.get(f"/operations/{operation_id}/")
        return operation if operation["state"] in states else None

    return eventually(there, seconds, f"the operation is {' or '.join(states)}")


def hears(stack, wa_call_id, frequency):
    """Has the user heard this tone?"""
    report = stack.simulator.report(wa_call_id, tones=(frequency,))
    return report["heard"]["tones"][str(frequency)] > -35


def test_keys_are_gathered_while_a_prompt_plays(stack, answered):
    wa_call_id, call = answered()
    prompt = {"source": {"prompt": "greeting"}}
    body = {"kind": "gather", "id": str(uuid.uuid4()), "options": {"prompt": prompt}}

    gather = operate(stack, call, body)
    assert operate(stack, call, body) == gather
    eventually(lambda: "playback_started" in stack.timeline(call), 15, "the prompt plays")
    stack.simulator.press(wa_call_id, "42#")

    done = reaches(stack, gather, "finished", "failed")
    assert (done["state"], done["cause"]) == ("finished", "completed")
    assert done["result"] == {"digits": "42", "reason": "terminator"}
    listed = stack.get(f"/calls/{call['id']}/operations/")["data"]
    assert [one["id"] for one in listed] == [gather]
    stack.simulator.hang_up(wa_call_id)
    stack.ended(wa_call_id)
    timeline = stack.timeline(call)
    for kind in ("operation_requested", "operation_started", "operation_finished"):
        assert timeline.count(kind) == 1, kind


def test_a_tone_is_heard_until_it_is_stopped(stack, answered):
    wa_call_id, call = answered()
    play = operate(stack, call, BUSY)
    reaches(stack, play, "running")
    eventually(lambda: hears(stack, wa_call_id, 620), 15, "the user hears it")

    stack.post(f"/operations/{play}/pause/")
    reaches(stack, play, "paused")
    stack.post(f"/operations/{play}/resume/")
    reaches(stack, play, "running")
    stack.post(f"/operations/{play}/stop/")

    stopped = reaches(stack, play, "finished")
    assert stopped["cause"] == "stopped"
    assert stopped["result"]["played_ms"] > 0
    stack.simulator.hang_up(wa_call_id)
    stack.ended(wa_call_id)


def test_what_is_asked_while_it_rings_is_the_first_thing_heard(stack, answered):
    stack.set_number(answer_policy="manual", greeting="")
    wa_call_id = stack.simulator.call(speak=VOICE)
    call = stack.reaches(wa_call_id, "pre_accepted")
    play = operate(stack, call, BUSY)
    assert stack.get(f"/operations/{play}/")["state"] == "queued"

    stack.post(f"/calls/{call['id']}/actions/answer/")

    reaches(stack, play, "running")
    eventually(lambda: hears(stack, wa_call_id, 480), 15, "the user hears it")
    stack.simulator.hang_up(wa_call_id)
    stack.ended(wa_call_id)
    reaches(stack, play, "finished")


def test_two_calls_are_bridged(stack, answered):
    ana, first = answered()
    ben, second = answered(user="447700900456")
    stack.simulator.speak(ben, "tone", frequency=1000)

    bridge = operate(stack, first, {"kind": "bridge", "options": {"with": second["id"]}})

    reaches(stack, bridge, "running")
    eventually(lambda: hears(stack, ana, 1000), 15, "Ana hears Ben")
    eventually(lambda: hears(stack, ben, 440), 15, "Ben hears Ana")
    stack.simulator.hang_up(ben)
    stack.ended(ben)
    over = reaches(stack, bridge, "finished")
    assert over["result"]["with"] == second["id"]
    stack.simulator.hang_up(ana)
    stack.ended(ana)


def test_a_recording_that_was_asked_for_can_be_downloaded(stack, answered):
    wa_call_id, call = answered()
    record = operate(stack, call, {"kind": "record", "options": {"format": "wav"}})
    reaches(stack, record, "running")
    refused = operate(stack, call, {"kind": "play", "options": {"source": {"prompt": "none.wav"}}})
    assert reaches(stack, refused, "failed")["cause"] == "no_such_prompt"
    stack.post(f"/operations/{record}/stop/")
    reaches(stack, record, "finished")

    recording = eventually(
        lambda: [one for one in stack.find(wa_call_id)["recordings"] if one["audio"]],
        15,
        "the file is there",
    )[0]

    assert recording["id"] == record
    stack.simulator.hang_up(wa_call_id)
    stack.ended(wa_call_id)


def test_operations_end_with_their_call(stack, answered):
    wa_call_id, call = answered()
    hold = operate(stack, call, {"kind": "hold"})
    gather = operate(stack, call, {"kind": "gather", "options": {"first_digit_seconds": 60}})
    reaches(stack, gather, "running")
    stack.simulator.press(wa_call_id, "7")
    eventually(lambda: "digit_received" in stack.timeline(call), 15)

    stack.simulator.hang_up(wa_call_id)
    stack.ended(wa_call_id)

    assert reaches(stack, hold, "finished")["cause"] == "hung_up"
    told = eventually(lambda: stack.get(f"/operations/{gather}/")["result"], 15, "what it had")
    assert told == {"digits": "7", "reason": "hung_up"}
    late = stack.post(f"/calls/{call['id']}/operations/", BUSY)
    assert (late.status_code, late.json()["code"]) == (409, "call-not-operable")


def test_operations_end_with_their_media_worker(stack, answered):
    wa_call_id, call = answered()
    play = operate(stack, call, BUSY)
    reaches(stack, play, "running")

    dead = stack.signal("media", signal.SIGKILL)
    eventually(lambda: stack.pid("media") != dead, 15, "it is started again")

    assert reaches(stack, play, "finished", seconds=30)["cause"] == "hung_up"
    assert stack.ended(wa_call_id)["hangup_cause"] == "worker_lost"
