"""What we send to Graph: the documented keys and nothing else."""

from __future__ import annotations

import json
from typing import Any

from calls.domain import call_buttons
from calls.domain.call_buttons import CallButton
from calls.domain.vocabulary import CommandKind


def action_body(
    action: CommandKind,
    *,
    wa_call_id: str,
    sdp: str = "",
    recording: dict[str, Any] | None = None,
    transcription: dict[str, Any] | None = None,
) -> bytes:
    """Return the request body of an action: the documented keys and nothing else (Meta: calls).

    :param recording: purpose and announcement_language of Meta's own recording; of an accept.
    """
    body: dict[str, Any] = {
        "messaging_product": "whatsapp",
        "call_id": wa_call_id,
        "action": action.value,
    }
    if sdp:
        body["session"] = {"sdp_type": "answer", "sdp": sdp}
    if action is CommandKind.ACCEPT:
        body |= _announced(recording, transcription)
    return _encode(body)


def connect_body(
    *,
    sdp: str,
    callback_data: str,
    to: str = "",
    recipient: str = "",
    recording: dict[str, Any] | None = None,
    transcription: dict[str, Any] | None = None,
) -> bytes:
    """Return the request body that dials a user (Meta: calls, connect).

    :param callback_data: comes back in every webhook of the call; every app on the account sees it.
    :param recording: purpose and announcement_language of Meta's own recording.
    """
    body: dict[str, Any] = {
        "messaging_product": "whatsapp",
        **_addressee(to, recipient),
        "action": CommandKind.CONNECT.value,
        "session": {"sdp_type": "offer", "sdp": sdp},
        "biz_opaque_callback_data": callback_data,
    }
    return _encode(body | _announced(recording, transcription))


def call_button_body(button: CallButton) -> bytes:
    """Return the message with a button that calls us (Meta: call-button-messages-deep-links)."""
    body: dict[str, Any] = {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        **_addressee(button.to, button.recipient),
    }
    if button.template:
        return _encode({**body, "type": "template", "template": call_buttons.template(button)})
    interactive = call_buttons.interactive(button)
    return _encode({**body, "type": "interactive", "interactive": interactive})


def _announced(
    recording: dict[str, Any] | None, transcription: dict[str, Any] | None
) -> dict[str, Any]:
    """What Meta records and transcribes itself, and tells the user."""
    wanted = (("recording", recording), ("transcription", transcription))
    return {name: {"status": "ENABLED", **one} for name, one in wanted if one}


def permission_request_body(
    *, to: str = "", recipient: str = "", text: str = "", template: dict[str, Any] | None = None
) -> bytes:
    """Return the message that asks a user whether we may call (Meta: user-call-permissions).

    :param template: name, language and components of an approved template; without one the
        request is free-form, which needs an open 24-hour window.
    """
    body: dict[str, Any] = {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        **_addressee(to, recipient),
    }
    if template:
        return _encode({**body, "type": "template", "template": template})
    interactive: dict[str, Any] = {
        "type": "call_permission_request",
        "action": {"name": "call_permission_request"},
    }
    if text:
        interactive["body"] = {"text": text}
    return _encode({**body, "type": "interactive", "interactive": interactive})


def settings_body(calling: dict[str, Any]) -> bytes:
    """Return the body that changes a number's calling settings (Meta: calling/call-settings)."""
    return _encode({"calling": calling})


def _addressee(to: str, recipient: str) -> dict[str, str]:
    """The number wins at Meta if both are sent, so only one is."""
    return {"to": to} if to else {"recipient": recipient}


def _encode(body: dict[str, Any]) -> bytes:
    return json.dumps(body, separators=(",", ":")).encode()
