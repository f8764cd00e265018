"""The line from a number to Graph: dead tokens, full limits, and what may wait."""

from dataclasses import replace
from datetime import timedelta

import pytest
import time_machine
from django.core.management import call_command

from calls import asking, dialing, executor, ledger, lines, operations, permission_requests
from calls.dialing import Wanted
from calls.domain.events import ProviderError
from calls.domain.vocabulary import HangupCause, OnNoPermission
from calls.graph import GraphError, Reply, Usage, Verdict
from calls.models import PhoneNumber
from tests.factories import ANA, T0, after, make_call, make_number, make_worker

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def number(fake_graph, fake_media):
    make_worker(now=after(100_000))
    return make_number()


def refusal(code=190, *, verdict=Verdict.GIVE_UP, status=401, usage=None):
    cause = HangupCause.AUTHENTICATION_FAILED if code in (0, 190) else HangupCause.META_ERROR
    return GraphError(
        verdict,
        cause,
        f"({code})",
        http_status=status,
        error=ProviderError(code=code, message="no"),
        usage=usage or Usage(),
    )


def drain(call, now=T0):
    with time_machine.travel(now, tick=False):
        executor.drain(call.pk)
    call.refresh_from_db()
    return call


def exchange(number, now=T0, *, fails=None, says=None, can_wait=False):
    """One request; return whether it was sent, and the error."""
    sent = []

    def request(client, token):
        sent.append(token)
        if fails is not None:
            raise fails
        return Reply(200, "T", {"success": True}, says or Usage())

    number.refresh_from_db()
    try:
        lines.exchange(number, request, now=now, can_wait=can_wait)
    except GraphError as error:
        return bool(sent), error
    finally:
        number.refresh_from_db()
    return bool(sent), None


class TestToken:
    def test_after_the_first_refusal_nothing_more_is_sent(self, number, fake_graph):
        fake_graph.errors["pre_accept"] = [refusal()]
        first = drain(make_call(number))
        sent = len(fake_graph.bodies)

        second = drain(make_call(PhoneNumber.objects.get(), "wacid.B"))

        assert sent == 1
        assert fake_graph.actions == ["pre_accept"]
        assert (first.hangup_cause, second.hangup_cause) == ("authentication_failed",) * 2
        assert second.error_code == 190

    def test_calls_that_we_wanted_to_make_fail_at_once(self, number, fake_graph):
        PhoneNumber.objects.update(token_refused_at=T0, token_probe_at=after(30))
        number.refresh_from_db()

        call = drain(dialing.dial(phone_number=number, wanted=Wanted(to=ANA.wa_id), by="t", now=T0))

        assert (call.status, call.hangup_cause) == ("failed", "authentication_failed")
        assert call.dial.barrier == "token"
        assert (fake_graph.bodies, fake_graph.asked_about) == ([], [])

    def test_a_call_with_time_waits_and_is_dialed_when_the_token_works(self, number, fake_graph):
        PhoneNumber.objects.update(token_refused_at=T0, token_probe_at=after(30))
        number.refresh_from_db()
        wanted = Wanted(to=ANA.wa_id, until=after(3600))
        call = drain(dialing.dial(phone_number=number, wanted=wanted, by="t", now=T0))
        assert (call.signaling, fake_graph.bodies) == ("waiting", [])

        assert lines.probe(after(29)) == 0
        assert lines.probe(after(31)) == 1
        dialing.look_again(after(61))
        call = drain(call, after(61))

        assert (call.signaling, fake_graph.actions) == ("dialing", ["connect"])

    def test_one_probe_in_half_a_minute_and_a_refused_one_keeps_the_circuit_open(
        self, number, fake_graph
    ):
        exchange(number, fails=refusal())
        fake_graph.number_errors = [refusal()]

        done = [lines.probe(after(seconds)) for seconds in (1, 30, 31, 59, 60)]

        assert done == [0, 0, 0, 0, 1]
        assert fake_graph.probes == 2
        number.refresh_from_db()
        assert (number.token_refused_at, number.token_probe_at) == (None, None)

    def test_any_other_answer_of_metas_is_said_to_a_good_token(self, number, fake_graph):
        exchange(number, fails=refusal())
        fake_graph.number_errors = [refusal(10, status=403)]

        assert lines.probe(after(30)) == 1

    def test_silence_says_nothing_about_a_token(self, number, fake_graph):
        exchange(number, fails=refusal())
        lost = GraphError(Verdict.RETRY, HangupCause.NETWORK_ERROR, "ConnectError")
        fake_graph.number_errors = [lost]

        assert lines.probe(after(30)) == 0

    def test_code_0_counts_only_with_its_status(self, number):
        exchange(number, fails=refusal(0, status=400))
        assert number.token_refused_at is None

        exchange(number, fails=refusal(0))
        assert number.token_refused_at == T0

    def test_the_refusal_of_a_token_that_was_replaced_meanwhile_is_no_news(self, number):
        def rotate_and_fail(client, token):
            PhoneNumber.objects.filter(pk=number.pk).update(access_token="new")
            raise refusal()

        with pytest.raises(GraphError):
            lines.exchange(number, rotate_and_fail, now=T0)

        number.refresh_from_db()
        assert number.token_refused_at is None

    def test_a_new_token_is_used_by_the_next_request_without_a_restart(
        self, number, fake_graph, admin_client
    ):
        exchange(number, fails=refusal())
        form = {
            "wa_phone_number_id": "7710",
            "app": "default",
            "answer_policy": "answer",
            "ring_seconds": "15",
            "ring_loops": "1",
            "meta_announcement_language": "en",
            "greeting": "",
            "access_token": "EAAnew",
        }
        page = f"/admin/calls/phonenumber/{number.pk}/change/"
        assert "stopped: Meta refused the token" in admin_client.get(page).content.decode()

        assert admin_client.post(page, form).status_code == 302
        drain(make_call(PhoneNumber.objects.get()))

        assert set(fake_graph.tokens) == {"EAAnew"}
        assert fake_graph.actions == ["pre_accept"]

    def test_the_token_of_the_environment_closes_the_circuit_too(self, number, settings):
        exchange(number, fails=refusal())
        settings.WHATSAPP_PHONE_NUMBER_ID = "7710"
        settings.WHATSAPP_ACCESS_TOKEN = "EAAenvironment"

        call_command("ensurenumber")

        number.refresh_from_db()
        assert (number.access_token, number.token_refused_at) == ("EAAenvironment", None)

    def test_another_number_is_not_concerned(self, number, fake_graph):
        exchange(number, fails=refusal())
        other = make_number(wa_phone_number_id="7711")

        drain(make_call(other))

        assert fake_graph.actions == ["pre_accept"]


class TestLimits:
    def test_near_the_end_what_can_wait_has_to_and_an_accept_never(self, number):
        exchange(number, says=Usage(percent=80))

        assert number.graph_usage_percent == 80
        assert exchange(number, after(1)) == (True, None)
        exchange(number, after(2), says=Usage(percent=85))
        was_sent, error = exchange(number, after(3), can_wait=True)
        assert (was_sent, error.verdict) == (False, Verdict.RETRY)
        assert error.usage.free_in == timedelta(seconds=59)

    def test_a_pause_ends_by_time_and_by_better_figures(self, number):
        exchange(number, says=Usage(percent=95))
        assert exchange(number, after(61), can_wait=True)[0]

        exchange(number, after(62), says=Usage(percent=95))
        exchange(number, after(63), says=Usage(percent=40))

        assert not lines.is_paused(number, after(63))
        assert number.graph_usage_percent == 40

    def test_meta_says_how_long(self, number):
        limited = refusal(
            80007, verdict=Verdict.RETRY, status=400, usage=Usage(free_in=timedelta(minutes=9))
        )

        exchange(number, fails=limited)

        assert number.graph_paused_until == after(540)

    def test_a_limit_without_a_time_pauses_for_a_minute(self, number):
        exchange(number, fails=refusal(4, verdict=Verdict.RETRY, status=400))

        assert number.graph_paused_until == after(60)

    def test_a_bare_429_is_a_limit_too(self, number):
        exchange(
            number, fails=GraphError(Verdict.RETRY, HangupCause.META_ERROR, "", http_status=429)
        )

        assert number.graph_paused_until == after(60)

    def test_the_limit_of_one_user_pauses_nobody_else(self, number):
        exchange(number, fails=refusal(131056, verdict=Verdict.RETRY, status=400))

        assert number.graph_paused_until is None

    def test_small_changes_are_not_written(self, number, django_assert_num_queries):
        exchange(number, says=Usage(percent=20))

        with django_assert_num_queries(0):
            lines.exchange(number, lambda *_: Reply(200, "T", {}, Usage(percent=25)), now=after(10))
        exchange(number, after(301), says=Usage(percent=25))

        assert number.graph_usage_percent == 25

    def test_a_refused_accept_is_repeated_three_times(self, number, fake_graph):
        number.greeting = ""
        number.save()
        again = refusal(138005, verdict=Verdict.RETRY, status=429)
        fake_graph.errors["pre_accept"] = [again] * 9
        call = make_call(number)

        for seconds in (0, 1, 2, 4, 8, 12, 16):
            drain(call, after(seconds))

        assert fake_graph.actions == ["pre_accept"] * 4 + ["reject"]
        assert call.error_code == 138005

    def test_a_wait_beyond_the_deadline_is_not_waited(self, number, fake_graph):
        wait = Usage(free_in=timedelta(minutes=1))
        fake_graph.errors["pre_accept"] = [refusal(4, verdict=Verdict.RETRY, usage=wait)] * 2
        call = make_call(number)

        drain(call)

        assert fake_graph.actions == ["pre_accept", "reject"]

    def test_metas_time_is_waited_if_there_is_time(self, number, fake_graph):
        wait = Usage(free_in=timedelta(seconds=9))
        fake_graph.errors["pre_accept"] = [refusal(4, verdict=Verdict.RETRY, usage=wait)]
        call = drain(make_call(number))

        drain(call, after(8))
        assert fake_graph.actions == ["pre_accept"]
        drain(call, after(10))
        assert fake_graph.actions == ["pre_accept"] * 2

    def test_a_check_of_permission_waits_if_the_call_can(self, number, fake_graph):
        exchange(number, says=Usage(percent=90))
        wanted = Wanted(to=ANA.wa_id, until=after(600))

        call = drain(dialing.dial(phone_number=number, wanted=wanted, by="t", now=T0))
        assert (fake_graph.asked_about, call.signaling) == ([], "waiting")
        dialing.look_again(after(61))
        call = drain(call, after(61))

        assert (fake_graph.asked_about, call.signaling) == ([ANA.wa_id], "dialing")

    def test_a_call_without_time_is_dialed_by_what_we_know(self, number, fake_graph):
        exchange(number, says=Usage(percent=90))

        call = drain(dialing.dial(phone_number=number, wanted=Wanted(to=ANA.wa_id), by="t", now=T0))

        assert (fake_graph.asked_about, call.hangup_cause) == ([], "permission_denied")

    def test_a_request_for_permission_waits(self, number, fake_graph):
        exchange(number, says=Usage(percent=90))
        user = ledger.find(number, wa_id=ANA.wa_id, now=T0)
        request = permission_requests.request(user, by="t", now=T0)

        asking.send(request.pk, T0)
        assert fake_graph.messages == []
        asking.send(request.pk, after(59))
        asking.send(request.pk, after(60))

        request.refresh_from_db()
        assert (request.status, len(fake_graph.messages)) == ("sent", 1)

    def test_a_request_for_permission_is_repeated_three_times(self, number, fake_graph):
        fake_graph.message_error = refusal(131056, verdict=Verdict.RETRY, status=400)
        request = permission_requests.request(
            ledger.find(number, wa_id=ANA.wa_id, now=T0), by="t", now=T0
        )

        for seconds in range(0, 300, 31):
            asking.send(request.pk, after(seconds))

        request.refresh_from_db()
        assert (request.status, len(fake_graph.messages)) == ("failed", 4)
        assert request.error_code == 131056


def test_a_call_whose_request_never_reached_meta_says_so(number, fake_graph):
    fake_graph.permission = {"permission": {"status": "no_permission"}, "actions": []}
    fake_graph.message_error = GraphError(Verdict.GIVE_UP, HangupCause.NETWORK_ERROR, "no way")
    wanted = replace(Wanted(to=ANA.wa_id), on_no_permission=OnNoPermission.REQUEST_AND_WAIT)
    call = drain(dialing.dial(phone_number=number, wanted=wanted, by="t", now=T0))

    asking.send(call.permission_requests.get().pk, T0)

    call.refresh_from_db()
    assert call.hangup_cause == "network_error"


def test_hanging_up_with_a_dead_token_does_not_hang(number, fake_graph):
    call = drain(make_call(number))
    exchange(number, fails=refusal())

    operations.hang_up(call_id=call.pk, by="t", now=after(1))
    call = drain(call, after(1))

    assert call.is_ended
