"""May the business dial this user now? Meta's checks in their order. Pure.

Meta: calling/business-initiated-calls, calling/troubleshooting (codes). The order is not
documented; it goes from the number to the request to the user to the traffic.
"""

from dataclasses import dataclass

from simulator.graph_errors import GraphError, invalid_sdp

NO_CALLING_FROM = {"US or Canada": "1", "Egypt": "20", "Vietnam": "84", "Nigeria": "234"}
"""Country codes whose *business numbers* may not call. Meta: calling/faq."""


@dataclass(frozen=True)
class Conditions:
    """What Meta knows of a number beyond its settings. Body of ``POST /sim/conditions``."""

    phone_number_id: str | None = None
    payment: bool = True
    """A payment method is attached to the account."""
    allow_list: tuple[str, ...] | None = None
    """Of test numbers: the only users who can be reached."""
    concurrent_calls: int = 1000
    calls_a_day: int = 10_000
    messaging_limit: int = 100_000
    """Business-initiated conversations a day; calling needs 2000."""
    subscribed: bool = True
    """An app is subscribed to the field `calls`."""


@dataclass(frozen=True)
class Circumstances:
    """Everything a decision depends on. Its defaults let the call through."""

    conditions: Conditions = Conditions()
    is_sip: bool = False
    is_enabled: bool = True
    business: str = "551155501234"
    """Digits of the business number."""
    restricted_until: int | None = None
    sdp_fault: str | None = None
    user: str = "447700900123"
    is_callable: bool = True
    has_permission: bool = True
    limit_ends: int | None = None
    """The user was connected too often; until then."""
    on_the_line: bool = False
    """A call between the two is under way."""
    calls_now: int = 0
    calls_today: int = 0


def of_number(c: Circumstances) -> GraphError | None:
    """Why the number may not call or ask anybody."""
    if c.is_sip:
        return GraphError(131055, "The number uses SIP; calls by Graph are not possible")
    if not c.is_enabled:
        return GraphError(138000, "Calling is not enabled on this phone number")
    if any(c.business.startswith(code) for code in NO_CALLING_FROM.values()):
        return GraphError(138013, "Business-initiated calls are not available in this country")
    if c.restricted_until is not None:
        return GraphError(138014, f"Calling is paused until {c.restricted_until}")
    return None


def of_user(c: Circumstances) -> GraphError | None:
    """Why this user cannot be reached at all."""
    allowed = c.conditions.allow_list
    if allowed is not None and c.user not in allowed:
        return GraphError(131030, "The recipient is not in the list of test numbers")
    if not c.is_callable:
        return GraphError(138001, "The user is not on WhatsApp or his client is too old")
    return None


def refusal(c: Circumstances) -> GraphError | None:
    """The first reason why a call is not made; None: it is made."""
    of_request: list[tuple[bool, GraphError]] = [
        (not c.conditions.payment, GraphError(131042, "There is no valid payment method")),
        (c.sdp_fault is not None, invalid_sdp(c.sdp_fault or "")),
    ]
    of_traffic = [
        (not c.has_permission, GraphError(138006, "The user has not allowed to be called")),
        (
            c.limit_ends is not None,
            GraphError(138012, f"The next call is allowed at {c.limit_ends}"),
        ),
        (c.on_the_line, GraphError(138003, "A call with this user is in progress")),
        (
            c.calls_now >= c.conditions.concurrent_calls,
            GraphError(138002, "Too many calls at the same time"),
        ),
        (
            c.calls_today >= c.conditions.calls_a_day,
            GraphError(138005, "Too many calls were made in 24 hours"),
        ),
    ]
    return of_number(c) or _first(of_request) or of_user(c) or _first(of_traffic)


def _first(checks: list[tuple[bool, GraphError]]) -> GraphError | None:
    return next((error for failed, error in checks if failed), None)
