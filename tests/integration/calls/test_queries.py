"""Reads that several entrances share, checked against the machine and the door themselves."""

import pytest

from calls import operations, queries
from calls.domain import machine
from calls.domain.machine import Leg
from calls.domain.vocabulary import CallStatus, Direction, HangupCause, Intent, Media, Signaling
from calls.models import Call
from tests.factories import T0, after, make_number

pytestmark = pytest.mark.django_db

STATES = [
    (signaling, media, cause)
    for signaling in Signaling
    for media in Media
    for cause in (HangupCause if signaling is Signaling.ENDED else [None])
]


@pytest.fixture
def number():
    return make_number()


def make_call(number, signaling, media=Media.IDLE, cause=None, **columns):
    is_ended = signaling is Signaling.ENDED
    return Call(
        phone_number=number,
        wa_call_id=columns.pop("wa_call_id", "wacid.A"),
        direction=columns.pop("direction", Direction.INBOUND),
        signaling=signaling,
        media=media,
        hangup_cause=cause or "",
        created_at=T0,
        ended_at=T0 if is_ended else None,
        deadline_at=None if is_ended else after(25),
        **columns,
    )


def test_the_status_filter_agrees_with_the_machine_in_every_state(number):
    calls = [make_call(number, *state, wa_call_id=f"wacid.{i}") for i, state in enumerate(STATES)]
    Call.objects.bulk_create(calls)

    for status in CallStatus:
        found = set(Call.objects.filter(queries.with_status([status])).values_list("pk", flat=True))
        expected = {
            call.pk
            for call, (signaling, media, cause) in zip(calls, STATES, strict=True)
            if machine.status(Leg(signaling, media), cause) is status
        }
        assert found == expected, status


def test_several_statuses_are_joined_and_none_finds_nothing(number):
    Call.objects.bulk_create(
        [
            make_call(number, Signaling.OFFERED, wa_call_id="a"),
            make_call(number, Signaling.ANSWERED, Media.CONNECTED, wa_call_id="b"),
            make_call(number, Signaling.ENDING, wa_call_id="c"),
        ]
    )
    wanted = [CallStatus.RINGING, CallStatus.IN_PROGRESS]

    found = Call.objects.filter(queries.with_status(wanted)).order_by("wa_call_id")

    assert [call.wa_call_id for call in found] == ["a", "b"]
    assert not Call.objects.filter(queries.with_status([])).exists()


DOORS = {"answer": operations.answer, "reject": operations.reject, "hang_up": operations.hang_up}


@pytest.mark.parametrize("signaling", Signaling)
@pytest.mark.parametrize("intent", Intent)
def test_what_is_offered_to_an_operator_is_not_refused_at_the_door(number, signaling, intent):
    for wish in DOORS:
        Call.objects.all().delete()
        cause = HangupCause.CANCELED if signaling is Signaling.ENDED else None
        call = make_call(number, signaling, Media.NEGOTIATED, cause, intent=intent)
        call.save()
        if wish in queries.possible_wishes(call):
            DOORS[wish](call_id=call.pk, by="admin:ana", now=after(1))  # raises nothing


@pytest.mark.parametrize(
    ("signaling", "intent", "direction", "expected"),
    [
        ("offered", "undecided", "inbound", ("answer", "reject")),
        ("pre_accepted", "undecided", "inbound", ("answer", "reject")),
        ("answering", "answer", "inbound", ("reject",)),
        ("offered", "undecided", "outbound", ("reject",)),
        ("accepting", "answer", "inbound", ("hang_up",)),
        ("answered", "answer", "inbound", ("hang_up",)),
        ("ending", "undecided", "inbound", ()),
        ("ended", "undecided", "inbound", ()),
    ],
)
def test_the_sensible_wishes_of_each_state(signaling, intent, direction, expected):
    call = Call(signaling=signaling, intent=intent, direction=direction)

    assert queries.possible_wishes(call) == expected


def test_lists_leave_out_sdp_and_the_access_token(number, django_assert_num_queries):
    make_call(number, Signaling.OFFERED, remote_sdp="v=0").save()

    with django_assert_num_queries(1) as captured:
        call = queries.list_calls().get()
        assert str(call.phone_number) == "551155501234"

    assert "sdp" not in captured[0]["sql"]
    assert "access_token" not in captured[0]["sql"]
