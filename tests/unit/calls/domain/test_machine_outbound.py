"""The machine of calls that we make: stories, every order of what Meta says, any sequence at all."""

from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calls.domain.machine import (
    OF_OUTGOING,
    UNANSWERED,
    C,
    E,
    IllegalTransition,
    Leg,
    M,
    S,
    decide,
    status,
)
from calls.domain.vocabulary import CallStatus, CommandKind

WAITING = Leg(S.WAITING)
DIALED = [E.DIAL_REQUESTED, E.DIAL_ALLOWED, E.OFFER_READY, E.DIALED]
SAID_BY_META = [E.ANSWER_RECEIVED, E.REMOTE_RINGING, E.REMOTE_ACCEPTED]


def run(leg, events):
    log: list[CommandKind] = []
    for event in events:
        leg, commands = decide(leg, event)
        log += commands
    return leg, log


def test_a_call_is_dialed_rings_and_is_picked_up():
    leg, log = run(WAITING, [*DIALED, *SAID_BY_META, E.MEDIA_CONNECTED])

    assert leg == Leg(S.ANSWERED, M.CONNECTED)
    assert log == [C.PREPARE_OFFER, C.CONNECT, C.APPLY_ANSWER, C.START_MEDIA]
    assert status(leg) is CallStatus.IN_PROGRESS


@pytest.mark.parametrize(
    "order", list(permutations([E.DIALED, *SAID_BY_META])), ids=lambda o: "-".join(o)
)
def test_whatever_comes_first_the_answer_is_applied_once_and_before_the_start(order):
    leg, log = run(Leg(S.DIALING), [E.OFFER_READY, *order])

    assert leg == Leg(S.ANSWERED, M.NEGOTIATED)
    assert log == [C.CONNECT, C.APPLY_ANSWER, C.START_MEDIA]


@pytest.mark.parametrize(
    "order",
    list(permutations([E.DIALED, *SAID_BY_META, E.REMOTE_HUNG_UP])),
    ids=lambda o: "-".join(o),
)
def test_the_end_is_the_end_in_every_order(order):
    leg, log = run(Leg(S.DIALING), [E.OFFER_READY, *order])

    assert leg.signaling is S.ENDED
    assert log[-1] is C.CLOSE_MEDIA
    assert C.TERMINATE not in log


@pytest.mark.parametrize(
    "order", list(permutations([E.ANSWER_RECEIVED, E.REMOTE_RINGING, E.REMOTE_REJECTED]))
)
def test_a_declined_call_never_starts_media(order):
    leg, log = run(Leg(S.DIALING), [E.OFFER_READY, E.DIALED, *order, E.REMOTE_HUNG_UP])

    assert leg.signaling is S.ENDED
    assert C.START_MEDIA not in log
    assert log.count(C.CLOSE_MEDIA) == 1


def test_nothing_is_played_before_the_pick_up():
    leg, log = run(Leg(S.DIALING), [E.OFFER_READY, E.ANSWER_RECEIVED, E.MEDIA_CONNECTED])

    assert (leg.signaling, leg.media) == (S.DIALING, M.CONNECTED)
    assert C.START_MEDIA not in log


def test_a_pick_up_waits_for_metas_answer():
    leg, log = run(Leg(S.RINGING), [E.REMOTE_ACCEPTED])

    assert (leg.signaling, log) == (S.PICKED_UP, [])
    assert status(leg) is CallStatus.CONNECTING


def test_a_waiting_call_has_nothing_to_end_at_meta():
    for event in (
        E.HANGUP_REQUESTED,
        E.DIAL_FORBIDDEN,
        E.DEADLINE_REACHED,
        E.COMMAND_FAILED,
    ):
        assert decide(WAITING, event) == (Leg(S.ENDED), ())
    assert status(WAITING) is CallStatus.QUEUED


def test_a_connect_of_unknown_outcome_is_not_repeated_and_not_given_up_at_once():
    leg, log = run(Leg(S.DIALING), [E.OFFER_READY, E.COMMAND_UNKNOWN])
    assert (leg.signaling, log) == (S.DIALING, [C.CONNECT])

    leg, log = run(leg, [E.DEADLINE_REACHED])
    assert (leg.signaling, log) == (S.ENDING, [C.TERMINATE, C.CLOSE_MEDIA])


def test_a_refused_connect_ends_the_call():
    leg, log = run(Leg(S.DIALING), [E.OFFER_READY, E.COMMAND_FAILED, E.TERMINATED])

    assert (leg.signaling, log) == (S.ENDED, [C.CONNECT, C.TERMINATE, C.CLOSE_MEDIA])


@pytest.mark.parametrize("state", [S.DIALING, S.RINGING])
def test_the_users_own_call_goes_first(state):
    leg, log = run(Leg(state), [E.GLARE_DETECTED])

    assert (leg.signaling, log) == (S.ENDING, [C.TERMINATE, C.CLOSE_MEDIA])


@pytest.mark.parametrize("state", [S.WAITING, S.PICKED_UP, S.ANSWERED])
def test_glare_only_touches_what_rings(state):
    assert decide(Leg(state), E.GLARE_DETECTED) == (Leg(state), ())


@pytest.mark.parametrize("event", sorted(OF_OUTGOING))
@pytest.mark.parametrize("state", [*UNANSWERED, S.ACCEPTING])
def test_words_about_calls_of_ours_do_not_touch_calls_of_the_users(state, event):
    assert decide(Leg(state), event) == (Leg(state), ())


@settings(max_examples=2000, deadline=None)
@given(st.lists(st.sampled_from(list(E)), max_size=40))
def test_any_sequence_at_all(events):
    leg = WAITING
    log: list[CommandKind] = []
    for event in events:
        try:
            after, commands = decide(leg, event)
        except IllegalTransition:
            continue
        if leg.signaling is S.ENDED:
            assert (after.signaling, commands) == (S.ENDED, ())
        leg = after
        log += commands

    for once in (C.PREPARE_OFFER, C.APPLY_ANSWER, C.START_MEDIA, C.TERMINATE):
        assert log.count(once) <= 1
    assert not {C.ACCEPT, C.PRE_ACCEPT, C.REJECT, C.PREPARE_ANSWER} & set(log)
    if C.START_MEDIA in log and E.MEDIA_CONNECTED not in events:
        assert log.index(C.APPLY_ANSWER) < log.index(C.START_MEDIA)
    if leg.signaling is S.ENDED and C.PREPARE_OFFER in log:
        assert C.CLOSE_MEDIA in log
    if C.TERMINATE in log:
        assert set(log[log.index(C.TERMINATE) :]) <= {C.TERMINATE, C.CLOSE_MEDIA}
    assert leg.signaling not in UNANSWERED
