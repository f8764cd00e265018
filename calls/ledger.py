"""The permission ledger: who lets which number of ours call him, how we know, and what has passed.

Rows in, values of `calls.domain.permissions` and `calls.domain.quotas` out, and back. Callers hold
a transaction; a permission is locked before it is changed.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q

from calls.domain import countries, events, permissions, quotas
from calls.domain.permissions import Change
from calls.domain.quotas import PermissionReading
from calls.domain.vocabulary import Direction, RequestStatus, Signaling
from calls.models import Call, CallPermission, PermissionChange, PhoneNumber

#: How far back Meta's limits look.
HORIZON = quotas.WEEK
SWEEP_BATCH = 200


# --- finding ------------------------------------------------------------------------------------


@transaction.atomic
def find(
    phone_number: PhoneNumber, *, now: datetime, wa_id: str = "", user_id: str = "", name: str = ""
) -> CallPermission:
    """Find or create the permission of a user, locked. What is newly known of him is filled in.

    :raises ValueError: neither number nor user id.
    """
    if not wa_id and not user_id:
        raise ValueError("a user has a number or a user id")
    found = _locked(phone_number, wa_id, user_id)
    if found is None:
        try:
            with transaction.atomic():
                return CallPermission.objects.create(
                    phone_number=phone_number,
                    wa_id=wa_id,
                    user_id=user_id,
                    name=name,
                    created_at=now,
                )
        except IntegrityError:  # somebody else was faster
            found = _locked(phone_number, wa_id, user_id)
            if found is None:
                raise
    if wa_id and user_id and not found.user_id:
        _merge(found, user_id)
    _fill(found, wa_id, user_id, name)
    return found


def _locked(phone_number: PhoneNumber, wa_id: str, user_id: str) -> CallPermission | None:
    """The row of the number; else that of the user id. A number says more: it is what we dial."""
    of_number = CallPermission.objects.select_for_update().filter(phone_number=phone_number)
    by_wa_id = of_number.filter(wa_id=wa_id).first() if wa_id else None
    if by_wa_id is not None or not user_id:
        return by_wa_id
    return of_number.filter(user_id=user_id).first()


def _fill(permission: CallPermission, wa_id: str, user_id: str, name: str) -> None:
    new = {
        "wa_id": permission.wa_id or wa_id,
        "user_id": permission.user_id or user_id,
        "name": name or permission.name,
    }
    changed = {key: value for key, value in new.items() if getattr(permission, key) != value}
    if not changed:
        return
    for key, value in changed.items():
        setattr(permission, key, value)
    try:
        with transaction.atomic():
            permission.save(update_fields=list(changed))
    except IntegrityError:  # the other row is somebody else's by now; each goes on by itself
        permission.refresh_from_db()


def _merge(into: CallPermission, user_id: str) -> None:
    """A user whom we knew by id alone has shown his number: his two rows become one.

    Not while both have a call or a request under way: that would break "one at a time".
    """
    others = CallPermission.objects.select_for_update().filter(phone_number=into.phone_number_id)
    other = others.filter(user_id=user_id, wa_id="").first()
    if other is None:
        return
    try:
        with transaction.atomic():
            Call.objects.filter(peer_key=str(other.pk)).update(peer_key=str(into.pk))
            other.requests.update(permission=into)
            other.dials.update(permission=into)
            other.changes.update(permission=into)
            other.delete()
    except IntegrityError:
        return
    if other.as_of is not None and (into.as_of is None or other.as_of > into.as_of):
        into.status, into.expires_at, into.as_of = other.status, other.expires_at, other.as_of
        into.source = other.source
    if other.checked_at is not None and (
        into.checked_at is None or other.checked_at > into.checked_at
    ):
        into.checked_at, into.readings = other.checked_at, other.readings
    into.save()


# --- changing -----------------------------------------------------------------------------------


def write(
    permission: CallPermission, change: Change | None, now: datetime, reference: str = ""
) -> bool:
    """Write a change and its line of history; False when there is none."""
    if change is None:
        return False
    before, after = permission.status, change.permission
    permission.status = after.status
    permission.expires_at, permission.as_of = after.expires_at, after.as_of
    permission.source = change.source
    permission.save(update_fields=["status", "expires_at", "as_of", "source"])
    PermissionChange.objects.create(
        permission=permission,
        before=before,
        after=after.status,
        expires_at=after.expires_at,
        source=change.source,
        reference=reference,
        occurred_at=after.as_of or now,
        recorded_at=now,
    )
    return True


@transaction.atomic
def reply(
    phone_number: PhoneNumber, event: events.PermissionReplied, now: datetime
) -> CallPermission | None:
    """Write what the user (or Meta for him) has said; None when nobody knows whose word it is."""
    peer = event.peer
    if not peer.wa_id and not peer.user_id:
        return None
    permission = find(phone_number, wa_id=peer.wa_id, user_id=peer.user_id, name=peer.name, now=now)
    change = permissions.replied(permission.value, event, now)
    write(permission, change, now, event.context_id or event.wa_message_id)
    return permission


def learn(permission: CallPermission, said: PermissionReading, now: datetime) -> bool:
    """Keep what `GET call_permissions` has said; True when it changes the permission."""
    change = permissions.looked_up(permission.value, said.status, said.expires_at, now)
    is_change = write(permission, change, now)
    permission.checked_at = now
    permission.readings = {name: [to_json(one) for one in found] for name, found in said.limits}
    permission.save(update_fields=["checked_at", "readings"])
    return is_change


def list_expired(now: datetime) -> list[UUID]:
    """The permissions whose grant or request has run out, the oldest first."""
    due = CallPermission.objects.filter(expires_at__lte=now).order_by("expires_at")
    return list(due.values_list("pk", flat=True)[:SWEEP_BATCH])


def expire(permission_id: UUID, now: datetime) -> CallPermission | None:
    """Write down that its time has run out; None when somebody was faster, or is at it."""
    free = CallPermission.objects.select_for_update(skip_locked=True)
    permission = free.filter(pk=permission_id).first()
    if permission is None:
        return None
    return (
        permission if write(permission, permissions.expired(permission.value, now), now) else None
    )


# --- what has passed ----------------------------------------------------------------------------


def calls_with(permission: CallPermission) -> Q:
    """The condition for the calls of this user with this number of ours."""
    who = Q(peer_key=str(permission.pk))
    if permission.wa_id:
        who |= Q(peer_wa_id=permission.wa_id)
    if permission.user_id:
        who |= Q(peer_user_id=permission.user_id)
    return Q(phone_number=permission.phone_number_id) & who


def record_of(permission: CallPermission, now: datetime) -> quotas.Record:
    """Return what Meta's limits count: requests, connected calls, calls without an answer."""
    since = now - HORIZON
    picked_up = Call.objects.filter(calls_with(permission), answered_at__gt=since)
    answered = picked_up.order_by("answered_at").values_list("answered_at", "direction")
    times = [(at, way) for at, way in answered if at is not None]
    sent = permission.requests.filter(
        status__in=(RequestStatus.SENT, RequestStatus.DELIVERED, RequestStatus.UNKNOWN),
        finished_at__gt=since,
    )
    finished = sent.order_by("finished_at").values_list("finished_at", flat=True)
    readings = permission.readings
    return quotas.Record(
        requests=[at for at in finished if at is not None],
        connected=[at for at, _ in times],
        connected_outbound=[at for at, way in times if way == Direction.OUTBOUND],
        unanswered_streak=_streak(permission),
        request_readings=_readings(readings.get("send_call_permission_request")),
        call_readings=_readings(readings.get("start_call")),
    )


def _streak(permission: CallPermission) -> int:
    """How many calls of ours in a row rang and were not answered."""
    ours = Call.objects.filter(calls_with(permission), direction=Direction.OUTBOUND)
    over = ours.filter(signaling=Signaling.ENDED).exclude(wa_call_id="")
    last = over.order_by("-ended_at").values_list("answered_at", flat=True)
    streak = 0
    for answered_at in last[: quotas.REVOKED_AFTER]:
        if answered_at is not None:
            break
        streak += 1
    return streak


def _readings(stored: Any) -> list[quotas.Reading]:
    """Read back what `learn` has stored."""
    return [
        quotas.Reading(
            limit=quotas.Limit(timedelta(seconds=one["seconds"]), one["most"]),
            used=one["used"],
            at=datetime.fromisoformat(one["at"]),
            free_at=datetime.fromisoformat(one["free_at"]) if one["free_at"] else None,
        )
        for one in stored or []
    ]


def to_json(reading: quotas.Reading) -> dict[str, Any]:
    """Return a limit as it is kept on the permission."""
    return {
        "seconds": int(reading.limit.period.total_seconds()),
        "most": reading.limit.most,
        "used": reading.used,
        "at": reading.at.isoformat(),
        "free_at": reading.free_at.isoformat() if reading.free_at else "",
    }


def rulings(permission: CallPermission, now: datetime) -> tuple[quotas.Ruling, quotas.Ruling]:
    """Return whether the limits let us call this user now, if he allows it; and ask him."""
    record, number = record_of(permission, now), number_state(permission.phone_number)
    is_permanent = permissions.is_permanent(permission.value)
    return (
        quotas.may_call(record, number, now),
        quotas.may_request(record, number, now, is_permanent=is_permanent),
    )


def number_state(phone_number: PhoneNumber) -> quotas.NumberState:
    """Return what Meta lets the number do at all."""
    return quotas.NumberState(
        country=countries.country_of(phone_number.display_phone_number),
        is_restricted=phone_number.calling_restricted_at is not None,
        restricted_until=phone_number.calling_restricted_until,
        is_token_refused=phone_number.token_refused_at is not None,
        paused_until=phone_number.graph_paused_until,
    )
