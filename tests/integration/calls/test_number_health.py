"""What Meta holds against a number: heard, kept, obeyed, and over."""

from datetime import timedelta

import pytest
import time_machine

from calls import (
    dialing,
    executor,
    ledger,
    number_health,
    number_settings,
    operations,
    permission_requests,
)
from calls.dialing import Wanted
from calls.domain import events
from calls.domain.vocabulary import HangupCause
from calls.graph import GraphError, Verdict
from calls.models import NumberIncident, NumberSettings, PhoneNumber
from tests.factories import ANA, T0, after, make_number, make_worker

pytestmark = pytest.mark.django_db(transaction=True)

DAY = timedelta(days=1)
PAUSED = "RESTRICTED_BUSINESS_INITIATED_CALLING"


@pytest.fixture
def number(fake_graph, fake_media):
    make_worker(now=after(100_000))
    return make_number()


def drain(call, now=T0):
    with time_machine.travel(now, tick=False):
        executor.drain(call.pk)
    call.refresh_from_db()
    return call


def dial(number, *, until=None, now=T0):
    wanted = Wanted(to=ANA.wa_id, until=until)
    fresh = PhoneNumber.objects.get(pk=number.pk)
    return drain(dialing.dial(phone_number=fresh, wanted=wanted, by="t", now=now), now)


def restrict(number, *words, until=None, now=T0):
    info = [{"restriction_type": word} for word in words]
    if until is not None:
        info = [{**one, "expiration": int(until.timestamp())} for one in info]
    event = events.AccountUpdated(
        event="account_restriction", details={"restriction_info": info}, occurred_at=now
    )
    heard = operations.hear(phone_number=number, event=event, now=now)
    number.refresh_from_db()
    return heard


def refusal(code):
    error = events.ProviderError(code=code, message="no", details="Temporarily disabled")
    return GraphError(Verdict.GIVE_UP, HangupCause.RESTRICTED, f"({code})", error=error)


def open_kinds(number):
    return sorted(number.incidents.filter(ended_at=None).values_list("kind", flat=True))


def test_a_pause_of_metas_stops_calls_and_requests_until_its_end(number, fake_graph):
    assert restrict(number, PAUSED, until=T0 + 7 * DAY)

    call = dial(number)
    user = ledger.find(number, wa_id=ANA.wa_id, now=T0)
    with pytest.raises(permission_requests.UnableToRequest) as refused:
        permission_requests.request(user, by="t", now=T0)

    assert (call.status, call.hangup_cause, call.dial.barrier) == (
        "failed",
        "restricted",
        "restriction",
    )
    assert call.dial.next_at == T0 + 7 * DAY
    assert refused.value.ruling.barrier == "restriction"
    assert fake_graph.bodies == []


def test_it_ends_by_time_and_the_history_stays(number, fake_graph):
    restrict(number, PAUSED, until=T0 + 7 * DAY)

    assert number_health.expire(T0 + 6 * DAY) == 0
    assert number_health.expire(T0 + 7 * DAY + timedelta(seconds=1)) == 1

    number.refresh_from_db()
    row = NumberIncident.objects.get()
    assert (row.ended_at, row.ended_by) == (T0 + 7 * DAY, "time")
    assert number.calling_restricted_at is None
    call = dial(number, now=T0 + 8 * DAY)
    assert call.signaling == "dialing"


def test_a_call_that_waits_is_dialed_when_the_settings_show_the_end(number, fake_graph):
    restrict(number, PAUSED, until=T0 + 7 * DAY)
    call = dial(number, until=T0 + 9 * DAY)
    assert call.signaling == "waiting"

    number_settings.carry_out(number.pk, after(30))
    assert open_kinds(number) == ["outbound_restricted"]  # Meta's servers need not agree at once
    number_settings.carry_out(number.pk, after(700))
    dialing.look_again(after(701))
    call = drain(call, after(701))

    assert call.signaling == "dialing"
    assert NumberIncident.objects.get().ended_by == "settings"


def test_a_hidden_button_stops_no_call_of_ours(number):
    restrict(
        number,
        "RESTRICTED_USER_INITIATED_CALLING",
        "RESTRICTED_USER_INITIATED_CALLING_CALL_BUTTON_HIDDEN",
    )

    assert open_kinds(number) == ["button_hidden", "inbound_restricted"]
    assert number.calling_restricted_at is None
    assert dial(number).signaling == "dialing"


def test_warnings_are_kept_for_a_week(number):
    event = events.AccountUpdated(
        event="account_violation",
        details={"violation_info": {"violation_type": "USER_INITIATED_CALLS_LOW_PICKUP_RATE"}},
        occurred_at=T0,
    )

    assert operations.hear(phone_number=number, event=event, now=T0)

    assert open_kinds(number) == ["low_pickup"]
    assert number_health.expire(T0 + 7 * DAY) == 1


def test_the_same_news_twice_is_one_incident_with_the_newer_end(number):
    restrict(number, PAUSED, until=T0 + DAY)
    restrict(number, PAUSED, until=T0 + 2 * DAY)

    assert NumberIncident.objects.count() == 1
    assert number.calling_restricted_until == T0 + 2 * DAY


def test_other_account_news_is_not_for_us(number):
    event = events.AccountUpdated(event="volume_based_pricing_tier_update", details={})

    assert not operations.hear(phone_number=number, event=event, now=T0)


@pytest.mark.parametrize(
    ("code", "kind", "seconds"),
    [
        (138014, "outbound_restricted", 3600),
        (138013, "country_barred", 86400),
        (138000, "calling_disabled", 300),
    ],
)
def test_a_refused_call_says_it_of_the_number(number, fake_graph, code, kind, seconds):
    fake_graph.errors["connect"] = [refusal(code)]

    first = dial(number)
    second = dial(number, now=after(10))

    number.refresh_from_db()
    row = NumberIncident.objects.get()
    assert (row.kind, row.source, row.code) == (kind, "error", code)
    assert (first.error_code, second.dial.barrier) == (code, "restriction")
    assert fake_graph.actions == ["connect"]
    assert number.calling_restricted_until == after(seconds)
    assert NumberSettings.objects.get().read_due_at is not None


def test_what_meta_said_of_the_end_is_worth_more_than_our_guess(number, fake_graph):
    restrict(number, PAUSED, until=T0 + 7 * DAY)

    number_health.refused(number, refusal(138014).error, T0)

    number.refresh_from_db()
    assert number.calling_restricted_until == T0 + 7 * DAY


def test_calling_that_is_switched_off_and_on_again(number, fake_graph):
    def changed(status, now):
        event = events.SettingsChanged(settings={"calling": {"status": status}}, occurred_at=now)
        assert operations.hear(phone_number=number, event=event, now=now)
        number.refresh_from_db()

    changed("DISABLED", T0)
    assert open_kinds(number) == ["calling_disabled"]
    assert number.calling_restricted_at == T0

    changed("ENABLED", after(5))
    assert (open_kinds(number), number.calling_restricted_at) == ([], None)
    assert NumberSettings.objects.get().actual == {"status": "ENABLED"}


def test_a_webhook_without_restrictions_ends_none(number):
    restrict(number, PAUSED, until=T0 + 7 * DAY)
    event = events.SettingsChanged(settings={"calling": {"status": "ENABLED"}}, occurred_at=T0)

    operations.hear(phone_number=number, event=event, now=after(300))

    assert open_kinds(number) == ["outbound_restricted"]
