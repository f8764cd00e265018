"""Bend a webhook into the other forms that documentation, captures and reports know. Pure."""

import json
from typing import Any

from simulator.payloads import Json, change, envelope
from simulator.switches import DeliverySwitches

_NUMBER_KEYS = ("from", "wa_id", "recipient_id")
_BUSINESS_KEYS = ("to", "wa_id", "recipient_id")
"""... of calls which the business makes: `from` is its own number then."""
_BSUID_KEYS = ("from_user_id", "to_user_id", "user_id", "recipient_user_id")
_TIME_KEYS = frozenset({"timestamp", "start_time", "end_time", "duration", "expiration_timestamp"})


def vary(value: Json, switches: DeliverySwitches) -> Json:
    """A changed copy of one `value` object."""
    value = json.loads(json.dumps(value))
    _vary_errors(value, switches)
    for call in value.get("calls", []):
        _vary_call(call, switches)
    for told in value.get("statuses", []):
        if told.get("type") == "call" and switches.status_case != "list":
            told["status"] = _spell(told["status"], switches.status_case)
    calls = [call.get("direction") for call in value.get("calls", [])]
    _drop(value, _dropped(switches, ours="BUSINESS_INITIATED" in calls))
    if switches.numbers_as != "documented":
        value = _cast_times(value, str if switches.numbers_as == "string" else int)
    if switches.unknown_keys:
        _add_unknown_keys(value)
    return _reversed(value) if switches.reverse_keys else value


def neighbours(value: Json, switches: DeliverySwitches) -> tuple[list[Json], list[Json]]:
    """Changes which travel in front of and behind the call's own in the same POST."""
    before: list[Json] = []
    after: list[Json] = []
    if switches.unknown_field:
        before.append(change("field_of_tomorrow", {"a": [1, {"b": None}]}))
    if switches.unknown_event and value.get("calls"):
        other = {**value, "calls": [{"id": value["calls"][0]["id"], "event": "event_of_tomorrow"}]}
        before.append(change("calls", other))
    if switches.pad_bytes:
        after.append(change("padding", {"padding": "x" * switches.pad_bytes}))
    return before, after


def body(
    changes_by_entry: list[tuple[str, list[Json]]],
) -> Json:
    """One POST with several entries, each of a WABA id and its changes."""
    whole = envelope("", [])
    whole["entry"] = [{"id": waba, "changes": changes} for waba, changes in changes_by_entry]
    return whole


def merge_arrays(values: list[Json]) -> Json:
    """Several values of one number as one: their `calls[]`, `contacts[]` ... joined."""
    merged: Json = {}
    for value in values:
        for key, item in value.items():
            if isinstance(item, list):
                merged.setdefault(key, []).extend(item)
            else:
                merged.setdefault(key, item)
    return merged


def _vary_errors(value: Json, switches: DeliverySwitches) -> None:
    if switches.errors_at == "call":
        value.pop("errors", None)
    if switches.errors_at == "value":
        for call in value.get("calls", []):
            call.pop("errors", None)


def _vary_call(call: Json, switches: DeliverySwitches) -> None:
    status = call.get("status")
    if status and "start_time" not in call and "errors" not in call:
        status = switches.unanswered_status
    if status:
        call["status"] = _spell(status, switches.status_case)
    if switches.connection and "session" in call:
        # Meta: calling/reference still shows this twin, a JSON text within JSON.
        session = call["session"]
        text = json.dumps({"sdp": session["sdp"], "type": session["sdp_type"]})
        call["connection"] = {"webrtc": {"sdp": text}}


def _spell(status: str, how: str) -> Any:
    if how == "list":
        return [status.capitalize()]
    return {"upper": status.upper(), "lower": status.lower(), "title": status.capitalize()}[how]


def _dropped(switches: DeliverySwitches, *, ours: bool) -> frozenset[str]:
    keys = set(switches.drop)
    if switches.username:
        keys.update(_BUSINESS_KEYS if ours else _NUMBER_KEYS)
    if not switches.bsuid:
        keys.update(_BSUID_KEYS)
    return frozenset(keys)


def _drop(node: Any, keys: frozenset[str]) -> None:
    if isinstance(node, dict):
        for key in keys & set(node):
            del node[key]
    for child in node.values() if isinstance(node, dict) else node:
        if isinstance(child, dict | list):
            _drop(child, keys)


def _cast_times(node: Any, kind: type) -> Any:
    if isinstance(node, dict):
        return {
            key: kind(item)
            if key in _TIME_KEYS and isinstance(item, str | int)
            else _cast_times(item, kind)
            for key, item in node.items()
        }
    return [_cast_times(item, kind) for item in node] if isinstance(node, list) else node


def _add_unknown_keys(node: Any) -> None:
    for child in list(node.values()) if isinstance(node, dict) else node:
        if isinstance(child, dict | list):
            _add_unknown_keys(child)
    if isinstance(node, dict):
        node["key_of_tomorrow"] = {"nested": [1, "two", None]}


def _reversed(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _reversed(node[key]) for key in reversed(node)}
    return [_reversed(item) for item in node] if isinstance(node, list) else node
