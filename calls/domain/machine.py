"""The life of a call, as three small tables. No I/O, no clock, no Django.

Rule 1: everything that can change a call's state is in SIGNALING, MEDIA or JOINT below.
Rule 2: this file knows calls; it does not know HTTP, SDP text, Celery or the ORM.
        SDP and error details are columns of the call; commands only name what to do.
Rule 3: an event that no table, FACTS or IGNORED expects is a mistake: raise.

Signaling and media race on the wire: a pre-accepted call has media before it is accepted.
So each has its own table, and JOINT says what follows from a pair, however it was reached.
"""

from __future__ import annotations

from dataclasses import dataclass

from calls.domain.vocabulary import (
    CallStatus,
    CommandKind,
    EventKind,
    HangupCause,
    Intent,
    Media,
    Signaling,
)

S, M, I, E, C = Signaling, Media, Intent, EventKind, CommandKind  # noqa: E741
Commands = tuple[CommandKind, ...]


@dataclass(frozen=True, slots=True)
class Leg:
    """The state of a call: what the three tables read and write."""

    signaling: Signaling = S.OFFERED
    media: Media = M.IDLE
    intent: Intent = I.UNDECIDED


class IllegalTransition(Exception):
    """The event makes no sense in this state."""


REFUSE: Commands = (C.REJECT, C.CLOSE_MEDIA)
BYE: Commands = (C.TERMINATE, C.CLOSE_MEDIA)
#: Before the answer: the caller hears ring-back.
UNANSWERED = (S.OFFERED, S.ANSWERING, S.PRE_ACCEPTED)
#: Before the pick-up of a call of ours.
OUTGOING = (S.WAITING, S.DIALING, S.RINGING)
LIVE = (*UNANSWERED, S.ACCEPTING, *OUTGOING, S.PICKED_UP, S.ANSWERED)
#: What still makes sense once the call is over.
CLOSING = frozenset({C.REJECT, C.TERMINATE, C.CLOSE_MEDIA})
#: Acts on the audio of an answered call. What becomes of them is nothing to the call's state.
OPERATING = frozenset({C.START_OPERATION, C.COMMAND_OPERATION})

SIGNALING: dict[tuple[Signaling, EventKind], tuple[Signaling, Commands]] = {
    # the user calls us
    (S.OFFERED, E.RING_REQUESTED): (S.ANSWERING, (C.PREPARE_ANSWER,)),
    (S.OFFERED, E.ANSWER_REQUESTED): (S.ANSWERING, (C.PREPARE_ANSWER,)),
    (S.OFFERED, E.OFFER_EXPIRED): (S.ENDED, ()),
    **{
        (S.OFFERED, e): (S.ENDING, REFUSE)
        for e in (E.REJECT_REQUESTED, E.HANGUP_REQUESTED, E.DEADLINE_REACHED)
    },
    # our answer; until Meta has it, the polite way out is a reject
    (S.ANSWERING, E.ANSWER_READY): (S.ANSWERING, (C.PRE_ACCEPT,)),
    (S.ANSWERING, E.PRE_ACCEPTED): (S.PRE_ACCEPTED, ()),
    **{
        (S.ANSWERING, e): (S.ENDING, REFUSE)
        for e in (
            E.REJECT_REQUESTED,
            E.HANGUP_REQUESTED,
            E.COMMAND_FAILED,
            E.COMMAND_UNKNOWN,
            E.MEDIA_FAILED,
            E.DEADLINE_REACHED,
        )
    },
    (S.PRE_ACCEPTED, E.REJECT_REQUESTED): (S.ENDING, REFUSE),
    (S.ACCEPTING, E.ACCEPTED): (S.ANSWERED, (C.START_MEDIA,)),
    # a terminate would hang up on whoever has the call now
    (S.ACCEPTING, E.ANSWERED_ELSEWHERE): (S.ENDED, (C.CLOSE_MEDIA,)),
    # an accept whose outcome is unknown is ended by terminate, never by reject
    **{(s, E.REJECT_REQUESTED): (S.ENDING, BYE) for s in (S.ACCEPTING, S.ANSWERED)},
    # we call the user; until our offer is being made there is nothing to end but the wish
    (S.WAITING, E.PERMISSION_UNKNOWN): (S.WAITING, (C.CHECK_PERMISSION,)),
    (S.WAITING, E.DIAL_ALLOWED): (S.DIALING, (C.PREPARE_OFFER,)),
    **{
        (S.WAITING, e): (S.ENDED, ())
        for e in (
            E.DIAL_FORBIDDEN,
            E.HANGUP_REQUESTED,
            E.COMMAND_FAILED,
            E.COMMAND_UNKNOWN,
            E.DEADLINE_REACHED,
        )
    },
    (S.DIALING, E.OFFER_READY): (S.DIALING, (C.CONNECT,)),
    # a connect of unknown outcome is never sent again: Meta's webhooks tell, or the deadline does
    (S.DIALING, E.COMMAND_UNKNOWN): (S.DIALING, ()),
    (S.RINGING, E.COMMAND_UNKNOWN): (S.RINGING, ()),
    (S.DIALING, E.REMOTE_RINGING): (S.RINGING, ()),
    **{
        (s, e): reaction
        for s in (S.DIALING, S.RINGING)
        for e, reaction in {
            E.REMOTE_ACCEPTED: (S.PICKED_UP, ()),
            E.REMOTE_REJECTED: (S.ENDED, (C.CLOSE_MEDIA,)),
            E.GLARE_DETECTED: (S.ENDING, BYE),
        }.items()
    },
    # a terminate without a call at Meta ends at once: the executor knows whether there is one
    **{
        (s, e): (S.ENDING, BYE)
        for s in (S.DIALING, S.RINGING, S.PICKED_UP)
        for e in (E.HANGUP_REQUESTED, E.COMMAND_FAILED, E.MEDIA_FAILED, E.DEADLINE_REACHED)
    },
    (S.PICKED_UP, E.COMMAND_UNKNOWN): (S.ENDING, BYE),
    **{
        (s, e): (S.ENDING, BYE)
        for s in (S.PRE_ACCEPTED, S.ACCEPTING, S.ANSWERED)
        for e in (
            E.HANGUP_REQUESTED,
            E.COMMAND_FAILED,
            E.COMMAND_UNKNOWN,
            E.MEDIA_FAILED,
            E.DEADLINE_REACHED,
        )
    },
    # the end
    **{(S.ENDING, e): (S.ENDED, ()) for e in (E.TERMINATED, E.DEADLINE_REACHED)},
    **{(s, E.REMOTE_HUNG_UP): (S.ENDED, ()) for s in (S.OFFERED, S.WAITING)},
    **{
        (s, E.REMOTE_HUNG_UP): (S.ENDED, (C.CLOSE_MEDIA,))
        for s in LIVE
        if s not in (S.OFFERED, S.WAITING)
    },
    (S.ENDING, E.REMOTE_HUNG_UP): (S.ENDED, ()),
}

MEDIA: dict[tuple[Media, EventKind], tuple[Media, Commands]] = {
    (M.IDLE, E.ANSWER_READY): (M.NEGOTIATED, ()),
    (M.IDLE, E.ANSWER_RECEIVED): (M.NEGOTIATED, (C.APPLY_ANSWER,)),
    (M.NEGOTIATED, E.MEDIA_OVERDUE): (M.OVERDUE, ()),
    **{(m, E.MEDIA_CONNECTED): (M.CONNECTED, ()) for m in (M.IDLE, M.NEGOTIATED, M.OVERDUE)},
    **{(m, E.MEDIA_FAILED): (M.FAILED, ()) for m in M if m is not M.FAILED},
}

JOINT: dict[tuple[Signaling, Media, Intent], tuple[Signaling, Commands]] = {
    # The accept goes out when somebody wants it and media is ready, or has been waited for enough.
    **{(S.PRE_ACCEPTED, m, I.ANSWER): (S.ACCEPTING, (C.ACCEPT,)) for m in (M.CONNECTED, M.OVERDUE)},
    # Nothing is played before the pick-up, and nothing can be before Meta's SDP answer.
    **{
        (S.PICKED_UP, m, i): (S.ANSWERED, (C.START_MEDIA,))
        for m in (M.NEGOTIATED, M.CONNECTED)
        for i in I
    },
}

#: On the timeline in every state, and no state's business.
FACTS: frozenset[EventKind] = frozenset(
    {
        E.OFFERED,
        E.CALL_CREATED,
        E.DIAL_REQUESTED,
        E.PERMISSION_CHECKED,
        E.PERMISSION_REQUESTED,
        E.DIALED,
        E.RECORDING_AVAILABLE,
        E.TRANSCRIPTION_AVAILABLE,
        E.VOICEMAIL_RECEIVED,
        E.ERROR_REPORTED,
        E.PERMISSION_REPLIED,
        E.SETTINGS_CHANGED,
        E.MESSAGE_STATUS_CHANGED,
        E.ACCOUNT_UPDATED,
        E.UNKNOWN_RECEIVED,
        E.FIRST_PACKET_RECEIVED,
        E.DIGIT_RECEIVED,
        E.PLAYBACK_STARTED,
        E.PLAYBACK_FINISHED,
        E.RECORDING_FINISHED,
        E.MEDIA_STOPPED,
        E.MEDIA_OBSERVED,
        E.OPERATION_REQUESTED,
        E.OPERATION_COMMANDED,
        E.OPERATION_CHANGED,
        E.OPERATION_REFUSED,
        E.OPERATION_STARTED,
        E.OPERATION_FINISHED,
        E.OPERATION_FAILED,
    }
)

#: Legal and without effect on SIGNALING: duplicates, latecomers, and what only MEDIA listens to.
IGNORED: frozenset[tuple[Signaling, EventKind]] = frozenset(
    [(S.ENDED, e) for e in E]
    + [(S.ENDING, e) for e in E]
    + [(s, E.MEDIA_CONNECTED) for s in LIVE]
    + [(s, E.MEDIA_OVERDUE) for s in LIVE]
    + [(s, E.OFFER_EXPIRED) for s in LIVE if s is not S.OFFERED]
    + [(s, E.RING_REQUESTED) for s in LIVE if s is not S.OFFERED]
    + [(s, E.ANSWER_REQUESTED) for s in LIVE if s is not S.OFFERED]
    + [(s, E.ANSWER_READY) for s in (S.PRE_ACCEPTED, S.ACCEPTING, S.ANSWERED)]
    + [(s, E.PRE_ACCEPTED) for s in (S.PRE_ACCEPTED, S.ACCEPTING, S.ANSWERED)]
    + [(S.ANSWERED, E.ACCEPTED)]
    + [
        (s, e)
        for s in (S.DIALING, S.RINGING, S.PICKED_UP, S.ANSWERED)
        for e in (E.DIAL_ALLOWED, E.DIAL_FORBIDDEN, E.PERMISSION_UNKNOWN)
    ]
    + [(s, E.OFFER_READY) for s in (S.RINGING, S.PICKED_UP, S.ANSWERED)]
    + [(s, E.ANSWER_RECEIVED) for s in (S.WAITING, S.DIALING, S.RINGING, S.PICKED_UP, S.ANSWERED)]
    + [(s, E.REMOTE_RINGING) for s in (S.WAITING, S.RINGING, S.PICKED_UP, S.ANSWERED)]
    + [(s, E.REMOTE_ACCEPTED) for s in (S.WAITING, S.PICKED_UP, S.ANSWERED)]
    + [(s, E.REMOTE_REJECTED) for s in (S.WAITING, S.PICKED_UP, S.ANSWERED)]
    + [(s, E.GLARE_DETECTED) for s in (S.WAITING, S.PICKED_UP, S.ANSWERED)]
    + [(S.WAITING, E.MEDIA_FAILED)]
)

#: What Meta says of calls of ours only; of a call of the user's it is a fact and nothing else.
OF_OUTGOING = frozenset({E.ANSWER_RECEIVED, E.REMOTE_RINGING, E.REMOTE_ACCEPTED, E.REMOTE_REJECTED})


def decide(leg: Leg, event: EventKind) -> tuple[Leg, Commands]:
    """Return the state after `event` and the commands to carry out, in order.

    :raises IllegalTransition: nothing expects the event in this state.
    """
    is_foreign = event in OF_OUTGOING and leg.signaling in (*UNANSWERED, S.ACCEPTING)
    if event in FACTS or is_foreign:
        return leg, ()
    key = (leg.signaling, event)
    if key not in SIGNALING and key not in IGNORED:
        raise IllegalTransition(f"{event} in {leg.signaling}")
    signaling, commands = SIGNALING.get(key, (leg.signaling, ()))
    if signaling in (S.ENDING, S.ENDED):
        return Leg(signaling, leg.media, leg.intent), commands
    wanted = event is E.ANSWER_REQUESTED and leg.signaling in UNANSWERED
    intent = I.ANSWER if wanted else leg.intent
    media, follow_up = MEDIA.get((leg.media, event), (leg.media, ()))
    signaling, more = JOINT.get((signaling, media, intent), (signaling, ()))
    return Leg(signaling, media, intent), commands + follow_up + more


_STATUS_OF_CAUSE: dict[HangupCause, CallStatus] = {
    HangupCause.NORMAL_CLEARING: CallStatus.COMPLETED,
    HangupCause.MAX_DURATION: CallStatus.COMPLETED,
    HangupCause.CALL_REJECTED: CallStatus.REJECTED,
    HangupCause.NO_ANSWER: CallStatus.NO_ANSWER,
    HangupCause.CANCELED: CallStatus.CANCELED,
}

_STATUS_BEFORE: dict[Signaling, CallStatus] = {
    S.WAITING: CallStatus.QUEUED,
    S.DIALING: CallStatus.INITIATED,
    S.PICKED_UP: CallStatus.CONNECTING,
}


def status(leg: Leg, cause: HangupCause | None = None) -> CallStatus:
    """Return the word shown to people and REST clients; of an ended call it follows the cause."""
    if leg.signaling is S.ENDED:
        return _STATUS_OF_CAUSE.get(cause or HangupCause.UNKNOWN, CallStatus.FAILED)
    if leg.signaling is S.ENDING:
        return CallStatus.ENDING
    if leg.signaling is S.ANSWERED:
        return CallStatus.IN_PROGRESS if leg.media is M.CONNECTED else CallStatus.CONNECTING
    return _STATUS_BEFORE.get(leg.signaling, CallStatus.RINGING)
