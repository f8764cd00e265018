"""Dial lists between a fake Graph and a fake media worker: pace, results, other attempts, ends."""

import json
from datetime import timedelta

import pytest

from calls import operations
from calls.dial_lists import control, drafts, engine, settling
from calls.dial_lists.drafts import UnableToUse
from calls.domain import events
from calls.domain.dial_lists import pace
from calls.domain.vocabulary import HangupCause
from calls.graph import GraphError, Verdict
from calls.models import Call, DialLine, DialList, MediaOperation
from tests.factories import T0, after, make_number, make_worker
from tests.integration.calls.listing import (
    ANA,
    BEN,
    CAT,
    add,
    hang_up,
    line_of,
    make_list,
    pick_up,
    states,
    sweep,
    tell,
)

pytestmark = pytest.mark.django_db(transaction=True)

EVERYBODY = [f"3519123456{n:02}" for n in range(30)]
HOUR, DAY = 3600, 86400


@pytest.fixture
def number(fake_graph, fake_media, monkeypatch):
    send = fake_graph.send

    def named_by_ours(phone_number_id, body, *, token):
        # each call has an id of its own at Meta
        fake_graph.wa_call_id = f"wacid.{json.loads(body).get('biz_opaque_callback_data', '')}"
        return send(phone_number_id, body, token=token)

    monkeypatch.setattr(fake_graph, "send", named_by_ours)
    make_worker(now=after(100_000))
    return make_number()


def refuse(fake_graph, code, cause):
    error = GraphError(
        Verdict.GIVE_UP, HangupCause(cause), "no", error=events.ProviderError(code=code)
    )
    fake_graph.errors["connect"] = [error]


def end_all(seconds, **values):
    for call in Call.objects.exclude(signaling="ended"):
        hang_up(call, seconds, **values)


class TestPace:
    def test_one_call_a_slot(self, number):
        found = make_list(number, EVERYBODY, calls_per_minute=6, concurrency=100)

        for turn in range(0, 41, 1):
            sweep(turn / 2)

        assert Call.objects.count() == 3
        assert states(found)[:4] == ["calling", "calling", "calling", "pending"]

    def test_never_more_at_a_time_than_the_list_allows(self, number):
        found = make_list(number, EVERYBODY, calls_per_minute=600, concurrency=2)

        for turn in range(6):
            sweep(turn)
        assert Call.objects.count() == 2
        end_all(6)
        sweep(9)

        assert Call.objects.exclude(signaling="ended").count() == 2
        assert found.lines.filter(state="calling").count() == 2

    def test_never_more_at_a_time_than_all_lists_of_the_number_may(self, number, settings):
        settings.DIAL_LISTS_MAX_CALLS = 3
        make_list(number, EVERYBODY[:10], calls_per_minute=600, concurrency=10)
        make_list(number, EVERYBODY[10:], calls_per_minute=600, concurrency=10, name="April")

        for turn in range(4):
            sweep(turn)

        assert Call.objects.count() == 3
        assert DialLine.objects.filter(dial_list__name="April", state="calling").exists()

    def test_no_burst_after_a_pause(self, number):
        found = make_list(number, EVERYBODY, calls_per_minute=12, concurrency=100)
        sweep(0)
        control.pause(list_id=found.pk, by="api:test", now=after(1))
        for turn in range(2, 300, 30):
            sweep(turn)
        assert Call.objects.count() == 1

        control.resume(list_id=found.pk, by="api:test", now=after(300))
        sweep(300)
        sweep(301)

        assert Call.objects.count() == 2

    def test_a_list_that_is_not_started_calls_nobody(self, number):
        make_list(number, is_started=False)
        sweep()

        assert Call.objects.count() == 0


class TestOneCall:
    def test_terms_and_variables_travel_with_it(self, number, fake_graph, fake_media):
        make_list(
            number,
            [{"to": ANA, "name": "Ana", "variables": {"order": "5521"}}],
            ring_seconds=30,
            prompt="greeting",
            record=True,
        )

        sweep()
        call = pick_up(Call.objects.get(), 3)

        assert call.client_state == '{"order": "5521"}'
        assert (call.dial.ring_seconds, call.dial.spare_permission) == (30, True)
        assert fake_media.started[str(call.pk)].playback.prompt == "greeting"
        assert call.dial.record

    def test_its_result_is_on_the_line_and_ends_the_list(self, number):
        found = make_list(number)
        sweep()
        call = pick_up(Call.objects.get(), 3)
        hang_up(call, 63)

        sweep(64)

        line = line_of(found)
        assert (line.state, line.cause, line.attempts) == ("completed", "normal_clearing", 1)
        assert (line.answered_at, line.talk_seconds, line.call_id) == (after(3), 60, call.pk)
        found.refresh_from_db()
        assert (found.state, found.finished_at) == ("finished", after(64))

    def test_keys_that_the_user_presses(self, number, fake_media):
        found = make_list(number, prompt="menu.wav", gather={"max_digits": 1})
        sweep()
        call = pick_up(Call.objects.get(), 44)

        assert fake_media.carried_out == ["gather"]
        assert fake_media.started[str(call.pk)].playback is None
        assert call.operations.get().options == {
            "max_digits": 1,
            "prompt": {"source": {"prompt": "menu.wav"}},
        }
        hang_up(call, 50)
        sweep(51)
        assert states(found) == ["calling"]  # the worker may still say what was pressed
        MediaOperation.objects.update(result={"digits": "7", "reason": "hung_up"})
        sweep(51.5)

        assert (line_of(found).state, line_of(found).digits) == ("completed", "7")

    def test_a_worker_that_says_nothing_is_not_waited_for(self, number):
        found = make_list(number, gather={})
        sweep()
        hang_up(pick_up(Call.objects.get(), 3), 5)

        sweep(9)

        assert (line_of(found).state, line_of(found).digits) == ("completed", "")

    def test_a_gather_waits_as_long_as_it_may_ring(self, number, fake_media):
        make_list(number, gather={"max_digits": 1}, ring_seconds=100)
        sweep()
        call = Call.objects.get()
        tell(call, events.RemoteRinging, 2)

        pick_up(call, 101)

        assert fake_media.carried_out == ["gather"]


class TestAgain:
    def test_who_does_not_answer_is_called_again_later_and_then_no_more(self, number):
        found = make_list(number, max_attempts=2, back_off_minutes={"no_answer": [30]})
        sweep()
        hang_up(Call.objects.get(), 40)
        sweep(43)
        line = line_of(found)
        assert (line.state, line.cause, line.next_at) == ("pending", "no_answer", after(1843))

        sweep(1800)
        assert Call.objects.count() == 1
        sweep(1843)
        hang_up(Call.objects.latest(), 1900)
        sweep(1903)

        line = line_of(found)
        assert (line.state, line.cause, line.attempts) == ("failed", "no_answer", 2)
        assert Call.objects.count() == 2

    @pytest.mark.parametrize(
        ("code", "cause"), [(138006, "permission_denied"), (138001, "unreachable")]
    )
    def test_some_are_never_called_again(self, number, fake_graph, code, cause):
        refuse(fake_graph, code, cause)
        found = make_list(number)

        sweep()
        sweep(1)

        assert (line_of(found).state, line_of(found).cause) == ("failed", cause)

    @pytest.mark.parametrize(("insists", "state"), [(False, "failed"), (True, "pending")])
    def test_who_declines(self, number, insists, state):
        found = make_list(number, retry_rejected=insists)
        sweep()
        tell(Call.objects.get(), events.RemoteRejected, 5)

        hang_up(Call.objects.get(), 6)
        sweep(7)

        assert (line_of(found).state, line_of(found).cause) == (state, "call_rejected")

    def test_meta_may_say_after_the_end_that_the_user_declined(self, number):
        found = make_list(number)
        sweep()
        hang_up(Call.objects.get(), 6)

        sweep(8.5)
        assert states(found) == ["calling"]
        tell(Call.objects.get(), events.RemoteRejected, 8.6)
        sweep(8.7)

        assert (line_of(found).state, line_of(found).cause) == ("failed", "call_rejected")

    def test_a_user_whom_somebody_else_calls_waits_without_a_slot(self, number):
        make_list(number, [ANA])
        sweep()
        other = make_list(number, [ANA, BEN], name="April")

        sweep(1)
        sweep(2)

        line = line_of(other)
        assert (line.state, line.calls_made) == ("pending", 0)
        assert line.next_at >= after(61)
        assert states(other)[1] == "calling"


class TestHours:
    NIGHT = 9 * HOUR  # from noon UTC, which is noon in Lisbon in November
    DAYTIME = {"hours": {day: ["09:00-20:00"] for day in ("mon", "tue", "sun")}}

    def test_nobody_is_called_at_night(self, number):
        found = make_list(
            number, [ANA, {"to": BEN, "time_zone": "America/Sao_Paulo"}], **self.DAYTIME
        )

        sweep(self.NIGHT)

        assert states(found) == ["pending", "calling"]
        assert line_of(found).next_at == T0 + timedelta(hours=22)  # nine o'clock on the Azores
        sweep(22 * HOUR)
        assert states(found)[0] == "calling"

    def test_a_user_id_has_the_zone_of_the_list(self, number):
        found = make_list(
            number, [{"recipient": "GB.1"}], **{**self.DAYTIME, "time_zone": "Asia/Tokyo"}
        )
        sweep()

        assert line_of(found).next_at == T0 + timedelta(hours=12)

    def test_a_number_without_a_common_hour_is_told(self, number):
        found = make_list(number, ["79161234567"], hours={"mon": ["09:00-10:00"]})
        sweep()
        sweep(1)

        assert (line_of(found).state, line_of(found).cause) == ("failed", "no_common_hours")
        found.refresh_from_db()
        assert found.state == "finished"

    def test_a_call_that_waits_is_given_up_when_the_hours_end_and_waits_on_tomorrow(
        self, number, fake_graph
    ):
        fake_graph.permission = {"permission": {"status": "no_permission"}, "actions": []}
        found = make_list(
            number, on_no_permission="request_and_wait", permission_wait_hours=48, **self.DAYTIME
        )
        sweep(7 * HOUR)
        call = Call.objects.get()
        assert call.deadline_at == T0 + timedelta(hours=8)

        hear_deadline(call, 8 * HOUR)
        sweep(8 * HOUR + 1)

        line = line_of(found)
        assert (line.state, line.attempts, line.calls_made) == ("pending", 0, 1)
        sweep(8 * HOUR + 2)
        sweep(22 * HOUR)
        assert line_of(found).calls_made == 2


def hear_deadline(call, seconds):
    operations.wake(call_id=call.pk, now=after(seconds))


class TestWaiting:
    @pytest.fixture(autouse=True)
    def _nobody_allows(self, number, fake_graph):
        fake_graph.permission = {"permission": {"status": "no_permission"}, "actions": []}

    def waiting(self, number, users, **terms):
        return make_list(
            number,
            users,
            on_no_permission="request_and_wait",
            concurrency=1,
            request_text="May we?",
            **terms,
        )

    def test_calls_that_wait_leave_the_line_to_others_up_to_a_bound(self, number):
        found = self.waiting(number, EVERYBODY[:5], max_waiting=3)

        for turn in range(10):
            sweep(turn)

        assert found.lines.filter(state="calling").count() == 3

    def test_a_pause_takes_them_back_and_costs_no_attempt(self, number):
        found = self.waiting(number, [ANA])
        sweep()
        control.pause(list_id=found.pk, by="api:test", now=after(1))

        sweep(1)
        sweep(2)

        call = Call.objects.get()
        assert (call.signaling, call.hangup_cause) == ("ended", "canceled")
        line = line_of(found)
        assert (line.state, line.attempts) == ("pending", 0)
        control.resume(list_id=found.pk, by="api:test", now=after(60))
        sweep(60)
        assert states(found) == ["calling"]

    def test_cancel_gives_them_up(self, number):
        found = self.waiting(number, [ANA, BEN, CAT], max_waiting=1)
        sweep()
        control.cancel(list_id=found.pk, by="api:test", now=after(1))

        sweep(1)
        sweep(2)

        assert states(found) == ["canceled"] * 3
        assert not Call.objects.exclude(signaling="ended").exists()


class TestControl:
    def test_cancel_ends_what_rings_and_lets_talk_go_on(self, number):
        found = make_list(number, [ANA, BEN, CAT], concurrency=2)
        sweep()
        sweep(1)
        talking, ringing = Call.objects.order_by("created_at")
        pick_up(talking, 2)
        tell(ringing, events.RemoteRinging, 2)

        control.cancel(list_id=found.pk, by="api:test", now=after(3))
        sweep(3)
        hang_up(ringing, 4)
        sweep(5)

        assert states(found) == ["calling", "canceled", "canceled"]
        hang_up(talking, 60)
        sweep(61)
        assert states(found) == ["completed", "canceled", "canceled"]
        found.refresh_from_db()
        assert (found.state, found.finished_at) == ("canceled", after(3))

    @pytest.mark.parametrize(
        ("wish", "state"),
        [
            (control.start, "running"),
            (control.resume, "running"),
            (control.pause, "draft"),
            (control.start, "canceled"),
            (control.cancel, "canceled"),
        ],
    )
    def test_a_wish_in_the_wrong_state_is_refused(self, number, wish, state):
        found = make_list(number, is_started=state == "running")
        if state == "canceled":
            control.cancel(list_id=found.pk, by="api:test", now=T0)

        with pytest.raises(UnableToUse) as refusal:
            wish(list_id=found.pk, by="api:test", now=T0)

        assert refusal.value.state == state

    def test_an_empty_list_does_not_start(self, number):
        with pytest.raises(UnableToUse, match="no lines"):
            make_list(number, [])

    def test_a_list_ends_with_its_time(self, number):
        found = make_list(number, [ANA, BEN], calls_per_minute=1, ends_at=after(30).isoformat())
        sweep()
        sweep(31)
        assert states(found) == ["calling", "canceled"]
        assert line_of(found, 2).cause == "list_ended"

        hang_up(Call.objects.get(), 40)
        sweep(43)
        sweep(44)

        found.refresh_from_db()
        assert (states(found)[0], found.state) == ("failed", "finished")

    def test_terms_can_change_while_it_runs(self, number):
        found = make_list(number, EVERYBODY, calls_per_minute=1)
        sweep()
        drafts.change(list_id=found.pk, wanted={"calls_per_minute": 600, "concurrency": 20})
        for turn in range(60, 63):
            sweep(turn)

        assert Call.objects.count() > 10

    def test_lines_may_come_while_it_runs(self, number):
        found = make_list(number)
        sweep()
        add(found, [BEN])
        sweep(1)

        assert states(found)[1] in ("calling", "pending")
        assert line_of(found, 2).wa_id == BEN

    def test_nothing_changes_once_it_is_over(self, number):
        found = make_list(number)
        control.cancel(list_id=found.pk, by="api:test", now=T0)

        with pytest.raises(UnableToUse):
            drafts.change(list_id=found.pk, wanted={"concurrency": 1})
        with pytest.raises(UnableToUse):
            add(found, [BEN])


class TestNumber:
    @pytest.mark.parametrize(
        ("columns", "reason"),
        [
            ({"calling_restricted_at": T0}, "number_restricted"),
            (
                {"calling_restricted_at": T0, "calling_restricted_until": after(DAY)},
                "number_restricted",
            ),
            ({"display_phone_number": "14155550123"}, "number_restricted"),
            ({"token_refused_at": T0}, "token_refused"),
        ],
    )
    def test_a_number_that_may_not_call_pauses_its_lists(self, number, columns, reason):
        found = make_list(number)
        for name, value in columns.items():
            setattr(number, name, value)
        number.save()

        sweep()

        found.refresh_from_db()
        assert (found.state, found.pause_reason) == ("paused", reason)
        assert "Meta" in found.pause_message
        assert Call.objects.count() == 0

    def test_near_the_end_of_metas_limits_lists_wait_by_themselves(self, number):
        found = make_list(number)
        number.graph_paused_until = after(60)
        number.save()

        sweep(59)
        assert Call.objects.count() == 0
        found.refresh_from_db()
        assert found.state == "running"

        sweep(60)
        assert Call.objects.count() == 1

    @pytest.mark.parametrize(
        ("code", "cause", "reason"),
        [
            (138013, "restricted", "number_restricted"),
            (138014, "restricted", "number_restricted"),
            (190, "authentication_failed", "token_refused"),
        ],
    )
    def test_a_refusal_by_meta_pauses_the_list_and_the_line_waits(
        self, number, fake_graph, code, cause, reason
    ):
        refuse(fake_graph, code, cause)
        found = make_list(number, [ANA], max_attempts=1)

        sweep()
        sweep(1)
        sweep(2)

        found.refresh_from_db()
        assert (found.state, found.pause_reason) == ("paused", reason)
        assert (states(found), line_of(found).attempts) == (["pending"], 0)


class TestOnce:
    def test_a_crash_after_the_call_was_written_does_not_dial_twice(self, number, monkeypatch):
        found = make_list(number)
        monkeypatch.setattr(pace, "next_slot", crash)
        with pytest.raises(MemoryError):
            engine.sweep(T0)
        assert (Call.objects.count(), states(found)) == (0, ["pending"])
        monkeypatch.undo()

        engine.sweep(T0)

        assert (Call.objects.count(), states(found)) == (1, ["calling"])

    def test_a_line_that_has_forgotten_its_call_finds_it_again(self, number):
        found = make_list(number)
        engine.sweep(T0)
        call = Call.objects.get()
        found.lines.update(state="pending", call=None, calls_made=0)
        DialList.objects.update(slot_at=None)

        engine.sweep(after(1))

        assert Call.objects.get() == call
        assert line_of(found).call_id == call.pk

    def test_a_call_that_somebody_deleted_does_not_hold_the_list_up(self, number):
        found = make_list(number)
        engine.sweep(T0)
        DialLine.objects.update(call=None)

        sweep(1)
        sweep(2)

        found.refresh_from_db()
        assert (line_of(found).state, line_of(found).cause) == ("failed", "unknown")
        assert found.state == "finished"

    def test_settling_twice_counts_once(self, number):
        found = make_list(number)
        sweep()
        hang_up(Call.objects.get(), 40)

        assert [settling.settle(after(43)), settling.settle(after(43))] == [1, 0]
        assert line_of(found).attempts == 1


def crash(*_):
    raise MemoryError
