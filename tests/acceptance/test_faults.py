"""Something dies in the middle. The call ends with a cause or goes on; nobody is left ringing."""

from __future__ import annotations

import signal
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.acceptance.stack import eventually

pytestmark = pytest.mark.acceptance

TONE = {"kind": "tone", "frequency": 440}


def kill(stack, name):
    """Kill one of the programs and wait until its successor runs."""
    dead = stack.signal(name, signal.SIGKILL)
    eventually(lambda: stack.pid(name) != dead, 15, f"{name} is started again")


def served(stack, **plan):
    """A call that is answered, heard and hung up by the caller; return its row."""
    wa_call_id = stack.simulator.call(speak=TONE, hang_up_after=1.0, **plan)
    call = stack.ended(wa_call_id, 30)
    assert call["status"] == "completed", stack.timeline(call)
    return call


def actions(stack, wa_call_id):
    return [r["action"] for r in stack.simulator.requests(wa_call_id) if r["status"] == 200]


def test_the_media_worker_is_killed_in_a_call(stack):
    wa_call_id = stack.simulator.call(speak=TONE)
    stack.simulator.wait_for(wa_call_id, "first_sound", 15)

    kill(stack, "media")

    call = stack.ended(wa_call_id)
    assert (call["status"], call["hangup_cause"]) == ("failed", "worker_lost")
    assert actions(stack, wa_call_id) == ["pre_accept", "accept", "terminate"]
    served(stack)


def test_the_recording_of_a_killed_media_worker_is_saved(stack):
    wa_call_id = stack.simulator.call(speak=TONE)
    stack.simulator.wait_for(wa_call_id, "first_sound", 15)
    eventually(lambda: "playback_finished" in stack.timeline(stack.find(wa_call_id)), 15)

    kill(stack, "media")

    call = stack.ended(wa_call_id)
    duration = eventually(
        lambda: stack.sql(
            "SELECT duration_ms FROM calls_recording WHERE call_id = %s AND status = 'completed'",
            call["id"],
        ),
        20,
        "the recording is completed by the next life",
    )[0][0]
    assert duration > 2000


def test_the_media_worker_is_killed_before_the_answer(stack):
    stack.set_number(answer_policy="manual")
    wa_call_id = stack.simulator.call(speak=TONE)
    stack.reaches(wa_call_id, "pre_accepted")

    kill(stack, "media")

    call = stack.ended(wa_call_id)
    assert (call["status"], call["hangup_cause"]) == ("failed", "worker_lost")
    assert "accept" not in actions(stack, wa_call_id)


def test_the_worker_is_killed_while_it_accepts(stack):
    stack.tolerated = {"accept sent again"}  # once, with the same bytes
    stack.simulator.spoil_graph("accept", {"kind": "latency", "seconds": 1.0})
    wa_call_id = stack.simulator.call(speak=TONE)
    stack.reaches(wa_call_id, "accepting")

    kill(stack, "worker")

    report = stack.simulator.wait_for(wa_call_id, "first_sound", 25)
    stack.simulator.hang_up(wa_call_id)
    assert stack.ended(wa_call_id)["status"] == "completed"
    assert report["accepts"] == 1


def test_without_a_worker_the_sweeper_answers(stack):
    pid = stack.signal("worker", signal.SIGSTOP)
    try:
        served(stack)
    finally:
        stack.signal("worker", signal.SIGCONT)
    assert stack.pid("worker") == pid


def test_a_killed_sweeper_and_relay_come_back(stack):
    kill(stack, "sweeper")
    kill(stack, "relay")

    served(stack)


def test_the_broker_is_killed(stack):
    wa_call_id = stack.simulator.call(speak=TONE)
    stack.simulator.wait_for(wa_call_id, "first_sound", 15)

    kill(stack, "broker")

    served(stack, name="Ben")
    stack.simulator.hang_up(wa_call_id)
    assert stack.ended(wa_call_id)["status"] == "completed"


def test_the_broker_hangs(stack):
    stack.signal("broker", signal.SIGSTOP)
    try:
        served(stack)
        slowest = max(
            attempt["ms"] for d in stack.simulator.deliveries() for attempt in d["attempts"]
        )
    finally:
        stack.signal("broker", signal.SIGCONT)
    # Not a speed: without a socket timeout the publish would hang for ever.
    assert slowest < 10_000


def test_the_web_process_is_killed_and_meta_delivers_again(stack):
    stack.signal("web", signal.SIGKILL)

    wa_call_id = stack.simulator.call(speak=TONE, hang_up_after=1.0)

    assert stack.ended(wa_call_id, 60)["status"] in {"completed", "no_answer", "canceled"}


def test_two_numbers_with_two_app_secrets(stack):
    other = {"phone_number_id": "771030456128844", "app_secret": "secret-of-the-other-app"}
    stack.simulator.add_number(
        display_phone_number="551155501234", access_token="EAAother", **other
    )
    stack.manage(
        "shell",
        "-v0",
        "-c",
        "from django.utils import timezone as t; from calls.models import PhoneNumber as P;"
        "from webhooks.models import AppSecret as S;"
        "P.objects.get_or_create(wa_phone_number_id='771030456128844', defaults=dict("
        "app='other', access_token='EAAother', created_at=t.now()));"
        "S.objects.get_or_create(app='other', defaults=dict("
        "secret='secret-of-the-other-app', not_before=t.now()))",
    )

    call = served(stack, phone_number_id="771030456128844")
    served(stack)

    assert stack.get(f"/calls/{call['id']}/")["phone_number"]["wa_phone_number_id"] == (
        "771030456128844"
    )


def test_the_app_of_one_number_cannot_speak_for_another(stack):
    before = stack.sql("SELECT count(*) FROM calls_call")
    stack.simulator.add_number("900", app_secret="secret-of-the-other-app")
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"phone_number_id": "106540352242922"},
        "calls": [{"id": "wacid.FORGED", "event": "connect", "direction": "USER_INITIATED"}],
    }

    stack.simulator.raw(phone_number_id="900", field="calls", value=value)

    refused = "SELECT error FROM webhooks_receivedevent WHERE wa_call_id = 'wacid.FORGED'"
    assert "another app" in eventually(lambda: stack.sql(refused), 10)[0][0]
    assert stack.sql("SELECT count(*) FROM calls_call") == before


@pytest.mark.parametrize(
    ("media", "cause"),
    [({"deaf_ice": True}, "ice_failed"), ({"wrong_fingerprint": True}, "dtls_failed")],
)
def test_a_path_that_never_opens_ends_with_its_cause(stack, media, cause):
    wa_call_id = stack.simulator.call(media=media)

    call = stack.ended(wa_call_id, 40)

    assert (call["status"], call["hangup_cause"]) == ("failed", cause)


def test_many_calls_at_once(stack):
    with ThreadPoolExecutor(8) as pool:
        calls = list(
            pool.map(
                lambda n: stack.simulator.call(f"4477009002{n:02}", speak=TONE, hang_up_after=2.0),
                range(8),
            )
        )

    for wa_call_id in calls:
        call = stack.ended(wa_call_id, 40)
        assert call["status"] == "completed"
        assert stack.simulator.wait_for(wa_call_id, "ended")["accepts"] == 1
