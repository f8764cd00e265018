"""Meta's Graph API for calls: the only room that speaks it.

A request is bytes that are made once and stored, so that a retry sends the same bytes. The
answer is one of four things: done, or a `GraphError` whose verdict says whether the request may
be repeated.
"""

from calls.graph.bodies import (
    action_body,
    call_button_body,
    connect_body,
    permission_request_body,
    settings_body,
)
from calls.graph.connection import TOTAL_SECONDS, GraphClient, client
from calls.graph.downloads import Mistrusted, check_digest, check_media_id
from calls.graph.replies import (
    call_id,
    calling_settings,
    display_phone_number,
    media_file,
    message_id,
    permission_reading,
)
from calls.graph.usage import Usage, read_usage
from calls.graph.verdicts import VERDICT_OF_CODE, GraphError, Reply, Verdict

__all__ = [
    "TOTAL_SECONDS",
    "VERDICT_OF_CODE",
    "GraphClient",
    "GraphError",
    "Reply",
    "Usage",
    "Verdict",
    "action_body",
    "call_id",
    "calling_settings",
    "call_button_body",
    "check_digest",
    "check_media_id",
    "media_file",
    "Mistrusted",
    "client",
    "connect_body",
    "display_phone_number",
    "message_id",
    "permission_reading",
    "permission_request_body",
    "read_usage",
    "settings_body",
]
