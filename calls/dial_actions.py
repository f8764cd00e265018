"""How the commands of calls that we make are carried out."""

from __future__ import annotations

import time
from datetime import datetime

from calls import dial_news, graph, lines, media_workers
from calls.actions import (
    Action,
    Failure,
    fence,
    graph_failure,
    media_failure,
    post,
    unanswered,
)
from calls.domain import events
from calls.domain.vocabulary import CommandKind, HangupCause
from calls.graph import GraphError, Verdict
from calls.models import Call, CallCommand, Dial, MediaSession
from sdp.media.client import MediaError
from sdp.media.messages import ApplyAnswer, OpenSession

#: Meta's code for "this user has not allowed it".
NO_PERMISSION = 138006


def check_permission(call: Call, command: CallCommand, now: datetime) -> events.Event:
    """Read what the user and Meta's limits allow. If Meta does not say, what we know must do."""
    number = call.phone_number
    fence(command)
    try:
        reply = lines.exchange(
            number,
            lambda client, token: client.permissions(
                number.wa_phone_number_id,
                wa_id=call.peer_wa_id,
                user_id=call.peer_user_id,
                token=token,
            ),
            now=now,
            can_wait=True,
        )
    except GraphError as error:
        if error.cause is HangupCause.AUTHENTICATION_FAILED:
            raise graph_failure(error) from error
        command.outcome = {"http_status": error.http_status, "error": str(error)[:200]}
        return events.PermissionChecked()
    command.outcome = {"http_status": reply.http_status, "trace_id": reply.trace_id}
    said = graph.permission_reading(reply, now)
    dial_news.checked(call, said, now)
    return events.PermissionChecked(status=said.status)


def prepare_offer(call: Call, command: CallCommand, now: datetime) -> events.Event:
    """Ask the least loaded media worker for our SDP offer; the next one when it has no room."""
    refusals: list[MediaError] = []
    until = time.monotonic() + graph.TOTAL_SECONDS
    prompt = Dial.objects.get(call=call).prompt
    for worker in media_workers.list_live(now):
        if time.monotonic() > until:
            break
        session = media_workers.assign(call, worker, now)
        if session is None:
            raise Failure(Verdict.GIVE_UP, HangupCause.UNKNOWN, "the call needs no offer any more")
        request = OpenSession(
            call_id=str(call.pk), epoch=session.epoch, prompts=[prompt] if prompt else []
        )
        try:
            offer = media_workers.client(worker.url).open_session(request)
        except MediaError as error:
            refusals.append(error)
            continue
        media_workers.confirm(session, offer.boot_id)
        return events.OfferReady(sdp=offer.sdp, worker=worker.url, epoch=session.epoch)
    raise unanswered(refusals)


def connect(call: Call, command: CallCommand, now: datetime) -> events.Event:
    """Dial. Our own id goes with it, so that a webhook that is faster finds its call."""
    plan = Dial.objects.get(call=call)
    if command.request_body is None:
        command.request_body = graph.connect_body(
            to=call.peer_wa_id,
            recipient=call.peer_user_id,
            sdp=call.local_sdp,
            callback_data=str(call.pk),
            recording=plan.meta_recording,
            transcription=plan.meta_transcription,
        )
    try:
        reply = post(call, command, now)
    except Failure as failure:
        if failure.error is not None and failure.error.code == NO_PERMISSION:
            dial_news.refused(call, now)
        raise
    wa_call_id = graph.call_id(reply)
    if not wa_call_id:
        raise Failure(Verdict.UNKNOWN, HangupCause.META_ERROR, "Meta has not named the call")
    return events.Dialed(wa_call_id=wa_call_id)


def apply_answer(call: Call, command: CallCommand, now: datetime) -> None:
    """Give Meta's SDP answer to the media worker that made our offer."""
    session = MediaSession.objects.select_related("worker").get(call=call)
    request = ApplyAnswer(epoch=session.epoch, answer=call.remote_sdp)
    try:
        media_workers.client(session.worker.url).apply_answer(str(call.pk), request)
    except MediaError as error:
        raise media_failure(error) from error


ACTIONS: dict[CommandKind, Action] = {
    CommandKind.CHECK_PERMISSION: check_permission,
    CommandKind.PREPARE_OFFER: prepare_offer,
    CommandKind.CONNECT: connect,
    CommandKind.APPLY_ANSWER: apply_answer,
}
