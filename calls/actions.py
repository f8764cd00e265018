"""How each command is carried out: one function a kind, no transaction around the network.

A function returns the event that tells the machine of success (or None), or raises `Failure`
with the verdict on repeating it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from calls import graph, lines, media_workers
from calls.domain import events
from calls.domain.machine import CLOSING, LIVE
from calls.domain.vocabulary import CommandKind, CommandStatus, HangupCause
from calls.graph import GraphError, Verdict
from calls.models import Call, CallCommand, Dial, MediaSession, Playback, Recording
from sdp.media.client import MediaError
from sdp.media.messages import (
    CloseSession,
    MediaErrorCode,
    OpenSession,
    SessionAnswer,
    StartMedia,
)
from sdp.media.messages import Playback as PlaybackMessage

#: How often what Graph has refused for the moment is sent again.
MAX_REPEATS = 3


class Failure(Exception):
    """The command did not succeed; `verdict` says whether it may be repeated."""

    def __init__(
        self,
        verdict: Verdict,
        cause: HangupCause,
        message: str,
        *,
        error: events.ProviderError | None = None,
        outcome: dict[str, Any] | None = None,
        repeats: int | None = None,
        wait: timedelta = timedelta(),
    ) -> None:
        """:param repeats: how often a RETRY is repeated at most; None: until the deadline.
        :param wait: a repeat before that would fail as well.
        """
        super().__init__(message)
        self.repeats = repeats
        self.wait = wait
        self.verdict = verdict
        self.cause = cause
        self.error = error
        self.outcome = outcome or {}


# --- Graph --------------------------------------------------------------------------------------


def pre_accept(call: Call, command: CallCommand, now: datetime) -> events.Event:
    try:
        _send(call, command, now, sdp=call.local_sdp)
    except Failure as failure:
        if failure.verdict is not Verdict.ALREADY_DONE:
            raise
    return events.PreAccepted()


def accept(call: Call, command: CallCommand, now: datetime) -> events.Event:
    try:
        _send(call, command, now, sdp=call.local_sdp)
    except Failure as failure:
        if failure.verdict is not Verdict.ALREADY_DONE:
            raise
        if command.attempts < 2:  # only a repeat can find its own first try
            return events.AnsweredElsewhere(message=str(failure))
    return events.Accepted()


def end(call: Call, command: CallCommand, now: datetime) -> events.Event:
    """Reject or terminate. That the call is over already is success (Meta: calls, terminate).

    So is a call of ours that Meta never got. One whose connect has no known outcome is looked for
    as long as there is time: a webhook may still name it.
    """
    if not call.wa_call_id:
        tried = call.commands.filter(kind=CommandKind.CONNECT)
        if tried.filter(status__in=(CommandStatus.UNKNOWN, CommandStatus.DONE)).exists():
            raise Failure(Verdict.RETRY, HangupCause.UNKNOWN_OUTCOME, "Meta has not named the call")
        return events.Terminated()
    try:
        _send(call, command, now)
    except Failure as failure:
        if failure.verdict not in (Verdict.CALL_OVER, Verdict.ALREADY_DONE):
            raise
    return events.Terminated()


def _send(call: Call, command: CallCommand, now: datetime, sdp: str = "") -> None:
    kind = CommandKind(command.kind)
    if command.request_body is None:
        number = call.phone_number
        command.request_body = graph.action_body(
            kind,
            wa_call_id=call.wa_call_id,
            sdp=sdp,
            recording=number.meta_recording,
            transcription=number.meta_transcription,
        )
    post(call, command, now)


def post(call: Call, command: CallCommand, now: datetime) -> graph.Reply:
    """Send the stored bytes of a command to Graph.

    :raises Failure: with Graph's verdict.
    """
    number = call.phone_number
    fence(command)
    body = bytes(command.request_body or b"")
    try:
        reply = lines.exchange(
            number,
            lambda client, token: client.send(number.wa_phone_number_id, body, token=token),
            now=now,
        )
    except GraphError as error:
        raise graph_failure(error) from error
    command.outcome = {"http_status": reply.http_status, "trace_id": reply.trace_id}
    return reply


def graph_failure(error: GraphError) -> Failure:
    """Return the failure that an error of Graph's is."""
    outcome = {
        "http_status": error.http_status,
        "code": error.error.code if error.error else None,
        "trace_id": error.trace_id,
    }
    return Failure(
        error.verdict,
        error.cause,
        str(error),
        error=error.error,
        outcome=outcome,
        repeats=MAX_REPEATS,
        wait=error.usage.free_in or timedelta(),
    )


def fence(command: CallCommand) -> None:
    """The last look before the request leaves: is it still ours, in time and wanted?

    An executor that was held up may wake after a successor has done its work, or after the end.
    """
    mine = CallCommand.objects.filter(
        pk=command.pk,
        status=CommandStatus.RUNNING,
        attempts=command.attempts,
        deadline_at__gte=timezone.now(),
    )
    if CommandKind(command.kind) not in CLOSING:
        mine = mine.filter(call__signaling__in=LIVE)
    if not mine.update(request_body=command.request_body):
        raise Failure(Verdict.GIVE_UP, HangupCause.DEADLINE, "no longer ours, or too late")


# --- media worker -------------------------------------------------------------------------------

#: What a refusal of our offer means for the call. Others (draining, unreachable) may pass.
_CAUSE_OF_REFUSAL = {
    MediaErrorCode.BAD_SDP: HangupCause.BAD_SDP,
    MediaErrorCode.NO_COMMON_CODEC: HangupCause.NO_COMMON_CODEC,
    MediaErrorCode.OVERLOADED: HangupCause.OVERLOADED,
    MediaErrorCode.UNAUTHORIZED: HangupCause.MEDIA_UNAVAILABLE,
    MediaErrorCode.BAD_REQUEST: HangupCause.MEDIA_UNAVAILABLE,
    MediaErrorCode.CONFLICT: HangupCause.MEDIA_UNAVAILABLE,
}
#: The offer itself is at fault: no other worker would take it.
_FAULTS_OF_THE_OFFER = (MediaErrorCode.BAD_SDP, MediaErrorCode.NO_COMMON_CODEC)


def prepare_answer(call: Call, command: CallCommand, now: datetime) -> events.Event:
    """Ask the least loaded media worker for our SDP answer; the next one when it has no room."""
    refusals: list[MediaError] = []
    until = time.monotonic() + graph.TOTAL_SECONDS
    for worker in media_workers.list_live(now):
        if time.monotonic() > until:
            break
        session = media_workers.assign(call, worker, now)
        if session is None:
            raise Failure(Verdict.GIVE_UP, HangupCause.UNKNOWN, "the call needs no answer any more")
        try:
            answer = _ask(call, session)
        except MediaError as error:
            refusals.append(error)
            if error.code in _FAULTS_OF_THE_OFFER:
                break
            continue
        media_workers.confirm(session, answer.boot_id)
        return events.AnswerReady(sdp=answer.sdp, worker=worker.url, epoch=session.epoch)
    raise unanswered(refusals)


def _ask(call: Call, session: MediaSession) -> SessionAnswer:
    greeting = call.phone_number.greeting
    request = OpenSession(
        call_id=str(call.pk),
        epoch=session.epoch,
        offer=call.remote_sdp,
        prompts=[greeting] if greeting else [],
    )
    return media_workers.client(session.worker.url).open_session(request)


def unanswered(refusals: list[MediaError]) -> Failure:
    for error in reversed(refusals):
        if error.code in _CAUSE_OF_REFUSAL:
            return Failure(Verdict.GIVE_UP, _CAUSE_OF_REFUSAL[error.code], str(error))
    return Failure(Verdict.RETRY, HangupCause.MEDIA_UNAVAILABLE, "no media worker is alive")


def start_media(call: Call, command: CallCommand, now: datetime) -> None:
    """Open the gate: greeting and recording begin with the first packet."""
    session = MediaSession.objects.select_related("worker").get(call=call)
    prompt, is_recorded = _wanted(call)
    playback = recording = None
    if prompt:
        playback, _ = Playback.objects.get_or_create(
            call=call, prompt=prompt, defaults={"created_at": now}
        )
    if is_recorded:
        recording, _ = Recording.objects.get_or_create(call=call, defaults={"created_at": now})
    message = (
        PlaybackMessage(playback_id=str(playback.pk), prompt=playback.prompt) if playback else None
    )
    request = StartMedia(
        epoch=session.epoch,
        playback=message,
        recording_id=str(recording.pk) if recording else "",
    )
    try:
        media_workers.client(session.worker.url).start_media(str(call.pk), request)
    except MediaError as error:
        raise media_failure(error) from error


def _wanted(call: Call) -> tuple[str, bool]:
    """The first prompt, and whether to record: the number's, or those of a call that we make."""
    plan = Dial.objects.filter(call=call).first()
    if plan is not None:
        return plan.prompt, plan.record
    return call.phone_number.greeting, call.phone_number.record_calls


def close_media(call: Call, command: CallCommand, now: datetime) -> None:
    """Let the media worker forget the call; a worker that is gone has forgotten it."""
    session = MediaSession.objects.select_related("worker").filter(call=call).first()
    if session is None or session.closed_at or session.boot_id != session.worker.boot_id:
        return  # `reconcile` closes it should a worker that was given up come back
    request = CloseSession(epoch=session.epoch, cause=call.hangup_cause)
    try:
        statistics = media_workers.client(session.worker.url).close_session(str(call.pk), request)
    except MediaError as error:
        raise media_failure(error) from error
    session.closed_at = now
    session.statistics = statistics or session.statistics
    session.save(update_fields=["closed_at", "statistics"])


def media_failure(error: MediaError) -> Failure:
    """Every media request may be repeated; a worker that knows no such session has lost it."""
    gone = error.code in (MediaErrorCode.NO_SUCH_SESSION, MediaErrorCode.STALE_EPOCH)
    verdict = Verdict.GIVE_UP if gone else Verdict.RETRY
    return Failure(verdict, HangupCause.WORKER_LOST, str(error))


Action = Callable[[Call, CallCommand, datetime], events.Event | None]

ACTIONS: dict[CommandKind, Action] = {
    CommandKind.PREPARE_ANSWER: prepare_answer,
    CommandKind.PRE_ACCEPT: pre_accept,
    CommandKind.ACCEPT: accept,
    CommandKind.START_MEDIA: start_media,
    CommandKind.REJECT: end,
    CommandKind.TERMINATE: end,
    CommandKind.CLOSE_MEDIA: close_media,
}
