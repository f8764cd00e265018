"""Dial lists, their lines and their imports as JSON, and the bodies of the requests for them."""

from __future__ import annotations

from typing import Any, TypedDict
from uuid import UUID

from calls.api.errors import invalid_parameter
from calls.api.serializers import PhoneNumberJson, e164, instant, phone_number_json
from calls.dial_lists.results import progress
from calls.domain.dial_lists.terms import CHECKS
from calls.domain.identifiers import read_id
from calls.models import DialImport, DialLine, DialList


class ListJson(TypedDict):
    id: str
    phone_number: PhoneNumberJson
    state: str
    pause_reason: str | None
    pause_message: str | None
    progress: dict[str, int]
    terms: dict[str, Any]
    created_by: str
    created_at: str | None
    started_at: str | None
    finished_at: str | None


class LineJson(TypedDict):
    row: int
    to: str | None
    recipient: str | None
    name: str | None
    time_zone: str | None
    variables: dict[str, Any]
    state: str
    cause: str | None
    attempts: int
    next_at: str | None
    call_id: str | None
    answered_at: str | None
    talk_seconds: int | None
    digits: str | None
    finished_at: str | None


class ImportJson(TypedDict):
    id: int
    file_name: str | None
    encoding: str
    separator: str | None
    strict: bool
    accepted: int
    refused: int
    problem_count: int
    created_by: str
    created_at: str | None


def list_json(found: DialList) -> ListJson:
    """Return a list with its progress and all its terms."""
    terms = {name: getattr(found, name) for name in CHECKS}
    return {
        "id": str(found.pk),
        "phone_number": phone_number_json(found.phone_number),
        "state": found.state,
        "pause_reason": found.pause_reason or None,
        "pause_message": found.pause_message or None,
        "progress": progress(found),
        "terms": {**terms, "ends_at": instant(found.ends_at)},
        "created_by": found.created_by,
        "created_at": instant(found.created_at),
        "started_at": instant(found.started_at),
        "finished_at": instant(found.finished_at),
    }


def line_json(line: DialLine) -> LineJson:
    """Return a line and what has become of it."""
    return {
        "row": line.row,
        "to": e164(line.wa_id),
        "recipient": line.user_id or None,
        "name": line.name or None,
        "time_zone": line.time_zone or None,
        "variables": line.variables,
        "state": line.state,
        "cause": line.cause or None,
        "attempts": line.attempts,
        "next_at": instant(line.next_at) if line.state == "pending" else None,
        "call_id": str(line.call_id) if line.call_id else None,
        "answered_at": instant(line.answered_at),
        "talk_seconds": line.talk_seconds,
        "digits": line.digits or None,
        "finished_at": instant(line.finished_at),
    }


def import_json(report: DialImport) -> ImportJson:
    """Return the report of an import, without its problems."""
    return {
        "id": report.pk,
        "file_name": report.file_name or None,
        "encoding": report.encoding,
        "separator": report.separator or None,
        "strict": report.is_strict,
        "accepted": report.accepted,
        "refused": report.refused,
        "problem_count": report.problem_count,
        "created_by": report.imported_by,
        "created_at": instant(report.created_at),
    }


def read_list(body: object) -> tuple[UUID | None, Any, dict[str, Any]]:
    """Return id, number and terms of a list that somebody wants.

    :raises Problem: `invalid-parameter`.
    """
    if not isinstance(body, dict):
        raise invalid_parameter("body", "A JSON object is needed.")
    terms = {name: value for name, value in body.items() if name not in ("id", "phone_number")}
    wanted = body.get("id")
    list_id = read_id(wanted) if isinstance(wanted, str) else None
    if wanted is not None and list_id is None:
        raise invalid_parameter("id", "A UUID is needed.")
    return list_id, body.get("phone_number"), terms


def read_lines(body: object) -> list[object]:
    """Return the lines of a JSON body.

    :raises Problem: `invalid-parameter`.
    """
    lines = body.get("lines") if isinstance(body, dict) and set(body) == {"lines"} else None
    if not isinstance(lines, list) or not lines:
        raise invalid_parameter("lines", "A list of JSON objects is needed, and nothing else.")
    return lines
