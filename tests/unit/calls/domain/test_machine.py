"""The machine: named stories, every order of racing events, and any sequence at all."""

from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calls.domain.machine import (
    FACTS,
    IGNORED,
    JOINT,
    LIVE,
    MEDIA,
    SIGNALING,
    C,
    E,
    I,
    IllegalTransition,
    Leg,
    M,
    S,
    decide,
    status,
)
from calls.domain.vocabulary import CallStatus, CommandKind, HangupCause


def run(leg, events):
    log: list[CommandKind] = []
    for event in events:
        leg, commands = decide(leg, event)
        log += commands
    return leg, log


def orders(events, *before):
    """Every order of `events` in which each (a, b) of `before` keeps a ahead of b."""
    return [o for o in permutations(events) if all(o.index(a) < o.index(b) for a, b in before)]


ANSWERED = [E.ANSWER_REQUESTED, E.ANSWER_READY, E.PRE_ACCEPTED, E.MEDIA_CONNECTED, E.ACCEPTED]


@pytest.mark.parametrize("state", [s for s in S if s is not S.ENDED])
def test_no_state_can_hang(state):
    assert (state, E.DEADLINE_REACHED) in SIGNALING
    assert (state, E.REMOTE_HUNG_UP) in SIGNALING


@pytest.mark.parametrize("state", LIVE)
def test_every_live_state_hears_the_wish_to_hang_up(state):
    nothing_at_meta = state is S.WAITING
    ending = S.ENDED if nothing_at_meta else S.ENDING
    assert SIGNALING[state, E.HANGUP_REQUESTED][0] is ending


def test_no_event_is_both_handled_and_ignored():
    handled = {key for key in SIGNALING if key[0] in LIVE}

    assert not handled & IGNORED
    assert not {event for _, event in SIGNALING} & FACTS
    assert not {event for _, event in MEDIA} & FACTS


def test_inbound_call_is_accepted_once_media_is_through():
    leg, log = run(Leg(), ANSWERED)

    assert log == [C.PREPARE_ANSWER, C.PRE_ACCEPT, C.ACCEPT, C.START_MEDIA]
    assert leg == Leg(S.ANSWERED, M.CONNECTED, I.ANSWER)
    assert status(leg) == "in_progress"


@pytest.mark.parametrize("order", orders([E.PRE_ACCEPTED, E.MEDIA_CONNECTED]))
def test_media_may_beat_the_reply_to_pre_accept(order):
    leg, log = run(Leg(S.ANSWERING, M.NEGOTIATED, I.ANSWER), order)

    assert (leg.signaling, log) == (S.ACCEPTING, [C.ACCEPT])


@pytest.mark.parametrize("order", orders([E.ANSWER_REQUESTED, E.PRE_ACCEPTED, E.MEDIA_CONNECTED]))
def test_a_ringing_call_is_accepted_whatever_comes_last(order):
    leg, log = run(Leg(S.ANSWERING, M.NEGOTIATED), order)

    assert (leg.signaling, log) == (S.ACCEPTING, [C.ACCEPT])


def test_a_ringing_call_waits_for_somebody_to_want_it():
    story = [E.RING_REQUESTED, E.ANSWER_READY, E.PRE_ACCEPTED, E.MEDIA_CONNECTED]

    leg, log = run(Leg(), story)

    assert leg == Leg(S.PRE_ACCEPTED, M.CONNECTED, I.UNDECIDED)
    assert log == [C.PREPARE_ANSWER, C.PRE_ACCEPT]


def test_the_accept_does_not_wait_for_media_for_ever():
    story = [E.ANSWER_REQUESTED, E.ANSWER_READY, E.PRE_ACCEPTED, E.MEDIA_OVERDUE]

    leg, log = run(Leg(), story)

    assert leg == Leg(S.ACCEPTING, M.OVERDUE, I.ANSWER)
    assert log[-1] is C.ACCEPT


def test_overdue_media_never_answers_a_call_that_nobody_wants():
    story = [E.RING_REQUESTED, E.ANSWER_READY, E.PRE_ACCEPTED, E.MEDIA_OVERDUE]

    leg, log = run(Leg(), story)

    assert (leg.signaling, C.ACCEPT in log) == (S.PRE_ACCEPTED, False)


def test_media_that_comes_after_the_wait_is_still_welcome():
    leg, log = run(Leg(S.ANSWERED, M.OVERDUE, I.ANSWER), [E.MEDIA_CONNECTED])

    assert (leg.media, log) == (M.CONNECTED, [])


def test_a_rejected_offer_is_never_answered():
    leg, log = run(Leg(), [E.REJECT_REQUESTED, E.TERMINATED])

    assert (leg.signaling, log) == (S.ENDED, [C.REJECT, C.CLOSE_MEDIA])


def test_an_expired_offer_ends_without_a_command():
    assert run(Leg(), [E.OFFER_EXPIRED]) == (Leg(S.ENDED), [])


def test_a_hangup_while_accepting_terminates_and_never_rejects():
    leg, log = run(Leg(S.ACCEPTING, M.CONNECTED, I.ANSWER), [E.HANGUP_REQUESTED, E.ACCEPTED])

    assert (leg.signaling, log) == (S.ENDING, [C.TERMINATE, C.CLOSE_MEDIA])


def test_an_accept_of_unknown_outcome_is_ended_by_terminate():
    leg, log = run(Leg(S.ACCEPTING, M.CONNECTED, I.ANSWER), [E.COMMAND_UNKNOWN])

    assert (leg.signaling, log) == (S.ENDING, [C.TERMINATE, C.CLOSE_MEDIA])


@pytest.mark.parametrize("event", [E.COMMAND_FAILED, E.COMMAND_UNKNOWN])
def test_a_late_outcome_while_ending_does_not_end_before_the_terminate_is_through(event):
    assert decide(Leg(S.ENDING, M.CONNECTED), event) == (Leg(S.ENDING, M.CONNECTED), ())


@pytest.mark.parametrize("moment", range(len(ANSWERED)))
def test_the_caller_may_hang_up_at_any_moment(moment):
    leg, log = run(Leg(), [*ANSWERED[:moment], E.REMOTE_HUNG_UP, *ANSWERED[moment:]])

    assert leg.signaling is S.ENDED
    assert not {C.TERMINATE, C.REJECT} & set(log)
    assert (C.CLOSE_MEDIA in log) == (moment > 0)


@pytest.mark.parametrize("moment", range(1, len(ANSWERED) + 1))
def test_lost_media_ends_the_call_at_any_moment(moment):
    leg, log = run(Leg(), [*ANSWERED[:moment], E.MEDIA_FAILED])

    assert leg.signaling is S.ENDING
    assert log[-1] is C.CLOSE_MEDIA
    assert {C.TERMINATE, C.REJECT} & set(log)


@pytest.mark.parametrize("twice", [E.OFFERED, E.ANSWER_REQUESTED, E.MEDIA_CONNECTED, E.ACCEPTED])
def test_duplicates_change_nothing(twice):
    once = run(Leg(), ANSWERED)

    assert run(Leg(), [*ANSWERED, twice]) == once


@pytest.mark.parametrize("fact", sorted(FACTS))
@pytest.mark.parametrize("state", S)
def test_facts_are_no_states_business(state, fact):
    assert decide(Leg(state), fact) == (Leg(state), ())


def test_an_impossible_event_raises():
    with pytest.raises(IllegalTransition, match="accepted in offered"):
        decide(Leg(), E.ACCEPTED)


def test_status_words_of_a_living_call():
    assert status(Leg()) is CallStatus.RINGING
    assert status(Leg(S.ACCEPTING)) is CallStatus.RINGING
    assert status(Leg(S.ANSWERED, M.NEGOTIATED)) is CallStatus.CONNECTING
    assert status(Leg(S.ANSWERED, M.CONNECTED)) is CallStatus.IN_PROGRESS
    assert status(Leg(S.ENDING)) is CallStatus.ENDING


@pytest.mark.parametrize(
    ("cause", "word"),
    [
        (HangupCause.NORMAL_CLEARING, "completed"),
        (HangupCause.MAX_DURATION, "completed"),
        (HangupCause.CALL_REJECTED, "rejected"),
        (HangupCause.NO_ANSWER, "no_answer"),
        (HangupCause.CANCELED, "canceled"),
        (HangupCause.MEDIA_TIMEOUT, "failed"),
        (None, "failed"),
    ],
)
def test_status_of_an_ended_call_follows_its_cause(cause, word):
    assert status(Leg(S.ENDED), cause) == word


@settings(max_examples=2000, deadline=None)
@given(st.lists(st.sampled_from(list(E)), max_size=40))
def test_any_sequence_at_all(events):
    leg = Leg()
    log: list[CommandKind] = []
    for event in events:
        try:
            after, commands = decide(leg, event)
        except IllegalTransition:
            continue
        if leg.signaling is S.ENDED:
            assert after.signaling is S.ENDED
            assert not commands
        leg = after
        log += commands

    assert log.count(C.TERMINATE) + log.count(C.REJECT) <= 1
    for once in (C.PREPARE_ANSWER, C.ACCEPT, C.START_MEDIA):
        assert log.count(once) <= 1
    if leg.signaling is S.ENDED and C.PREPARE_ANSWER in log:
        assert C.CLOSE_MEDIA in log
    if C.REJECT in log:
        assert C.ACCEPT not in log
    for end in {C.TERMINATE, C.REJECT} & set(log):
        assert set(log[log.index(end) :]) <= {end, C.CLOSE_MEDIA}


RACING = [E.ANSWER_REQUESTED, E.PRE_ACCEPTED, E.MEDIA_CONNECTED, E.MEDIA_OVERDUE, E.OFFERED]


def test_racing_events_lead_to_the_same_end_in_every_order():
    ends = {
        (leg.signaling, leg.intent, tuple(log))
        for leg, log in (run(Leg(S.ANSWERING, M.NEGOTIATED), o) for o in permutations(RACING))
    }

    assert ends == {(S.ACCEPTING, I.ANSWER, (C.ACCEPT,))}


def test_joint_only_accepts_a_wanted_call():
    accepting = {key for key, (_, commands) in JOINT.items() if C.ACCEPT in commands}

    assert {intent for _, _, intent in accepting} == {I.ANSWER}
