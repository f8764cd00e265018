"""What the page of one call shows: everything is prepared here, the template only prints."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from calls import queries
from calls.admin import operating, wording
from calls.admin.dial_wording import ON_NO_PERMISSION, wait_in_words
from calls.api.serializers import e164
from calls.domain.machine import OUTGOING
from calls.domain.vocabulary import OnNoPermission
from calls.models import Call, CallCommand, CallEvent, Dial, MediaSession
from calls.redaction import hide_keys, without_sdp

LABELS = {queries.ANSWER: "Answer", queries.REJECT: "Reject", queries.HANG_UP: "Hang up"}
#: A page shows this much of a timeline; the REST API has all of it.
SHOWN_EVENTS = 500
#: Data that fits on one line need not be unfolded.
SHORT_DATA = 90


@dataclass(frozen=True, slots=True)
class Line:
    """One event of the timeline."""

    sequence: int
    offset: str  # milliseconds since the first event, which is the offer
    recorded_at: datetime
    occurred_at: datetime
    words: str
    kind: str
    state: str  # after the event
    is_change: bool
    short_data: str
    long_data: str


@dataclass(frozen=True, slots=True)
class CommandLine:
    """One command on its way, with its times in milliseconds."""

    command: CallCommand
    waited: str
    took: str
    outcome: str


def context(call: Call, now: datetime) -> dict[str, Any]:
    """Return the variables of the template; five queries."""
    plan: Dial | None = getattr(call, "dial", None)
    theirs, ours = ("answer", "offer") if plan else ("offer", "answer")
    session: MediaSession | None = getattr(call, "media_session", None)
    events = list(call.events.order_by("sequence")[: SHOWN_EVENTS + 1])
    return {
        **operating.context(call),
        "call": call,
        "status_words": call.status.replace("_", " "),
        "situation": wording.situation(call, now),
        "cause": wording.cause_in_words(call.hangup_cause, call.hangup_source),
        "peer_number": e164(call.peer_wa_id),
        "our_number": e164(call.phone_number.display_phone_number),
        "ring_time": wording.length_in_words(call.ring_seconds),
        "talk_time": wording.length_in_words(call.talk_seconds),
        "wishes": [(wish, _label(wish, call)) for wish in queries.possible_wishes(call)],
        "dial": plan,
        "without_permission": ON_NO_PERMISSION[OnNoPermission(plan.on_no_permission)]
        if plan
        else "",
        "waits": wait_in_words(call, plan, now) if plan else "",
        "lines": list(_lines(events[:SHOWN_EVENTS])),
        "has_more_events": len(events) > SHOWN_EVENTS,
        "commands": [_command_line(row) for row in call.commands.order_by("pk")],
        "recordings": call.recordings.order_by("created_at", "pk"),
        "playbacks": call.playbacks.order_by("created_at", "pk"),
        "session": session,
        "statistics": list(session.statistics.items()) if session else [],
        "error_message": without_sdp(call.error_message),
        "sdps": [
            (f"{theirs.capitalize()} of the user's phone", hide_keys(call.remote_sdp)),
            (f"Our {ours}", hide_keys(call.local_sdp)),
        ],
    }


def _label(wish: str, call: Call) -> str:
    is_early = wish == queries.HANG_UP and call.signaling in OUTGOING
    return "Cancel" if is_early else LABELS[wish]


def _lines(events: Iterable[CallEvent]) -> Iterator[Line]:
    zero, state_before = None, ""
    for event in events:
        zero = zero or event.recorded_at  # the offer, save when Meta's first word was another
        state = f"{event.signaling} · {event.media}"
        short, long = _pretty(without_sdp(event.data))
        yield Line(
            sequence=event.sequence,
            offset=_milliseconds(zero, event.recorded_at),
            recorded_at=event.recorded_at,
            occurred_at=event.occurred_at,
            words=wording.event_in_words(event.kind, event.data),
            kind=event.kind,
            state=state,
            is_change=state != state_before,
            short_data=short,
            long_data=long,
        )
        state_before = state


def _pretty(data: dict[str, Any]) -> tuple[str, str]:
    """Return the data as one short line, or else as indented JSON."""
    if not any(isinstance(value, dict | list) for value in data.values()):
        words = {n: v if isinstance(v, str) else json.dumps(v) for n, v in data.items()}
        line = ", ".join(f"{name}: {word}" for name, word in words.items())
        if len(line) <= SHORT_DATA:
            return line, ""
    return "", json.dumps(data, indent=2, ensure_ascii=False)


def _command_line(command: CallCommand) -> CommandLine:
    outcome = command.outcome
    known = {"http_status": "HTTP", "code": "code", "trace_id": "trace", "message": ""}
    words = [f"{word} {outcome[name]}".strip() for name, word in known.items() if outcome.get(name)]
    return CommandLine(
        command=command,
        waited=_milliseconds(command.created_at, command.claimed_at),
        took=_milliseconds(command.claimed_at, command.finished_at),
        outcome=str(without_sdp(", ".join([*words, command.error] if command.error else words))),
    )


def _milliseconds(begin: datetime | None, end: datetime | None) -> str:
    """Return the milliseconds between two times, grouped by thousands; empty if one is missing."""
    if begin is None or end is None:
        return ""
    return f"{round((end - begin).total_seconds() * 1000):,}".replace(",", "\u202f")
