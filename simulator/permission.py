"""What one user lets one number do, and Meta's limits for the two. Pure.

Meta: calling/user-call-permissions. Times are Unix seconds; `scale` shortens Meta's periods.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

DAY, WEEK = 86_400.0, 7 * 86_400.0
MAX_REQUESTS_A_DAY, MAX_REQUESTS_A_WEEK, MAX_CALLS_A_DAY = 1, 2, 100
UNANSWERED_REVOKES = 4
"""So many calls in a row which the user did not take."""

Status = Literal["no_permission", "temporary", "permanent"]


@dataclass
class Permission:
    """The state of one pair of number and user."""

    scale: float = 1.0
    unanswered: int = 0
    connected: list[float] = field(default_factory=list)
    """When calls of the business were picked up."""
    requests: list[float] = field(default_factory=list)
    """When permission was asked for; any connected call empties it."""
    _status: Status = "no_permission"
    _expires_at: float | None = None

    def status(self, now: float) -> Status:
        """What it is worth; a temporary one runs out without a word."""
        if self._expires_at is not None and self._expires_at <= now:
            return "no_permission"
        return self._status

    def expires_at(self, now: float) -> int | None:
        """When a temporary permission will run out."""
        known = self._expires_at is not None and self.status(now) == "temporary"
        return int(self._expires_at or 0) if known else None

    def allow_for_good(self) -> None:
        """*Always allow*, or the switch in the business profile."""
        self._status, self._expires_at = "permanent", None

    def allow(self, now: float, seconds: float | None = None) -> None:
        """For seven days, or for so many `seconds` of the clock."""
        lasts = WEEK * self.scale if seconds is None else seconds
        self._status, self._expires_at = "temporary", now + lasts

    def withdraw(self) -> None:
        """Declined, revoked, or never given."""
        self._status, self._expires_at = "no_permission", None

    def asked(self, now: float) -> None:
        """A request for permission was sent."""
        self.requests.append(now)

    def picked_up(self, now: float) -> None:
        """The user has taken a call of the business."""
        self.connected.append(now)
        self.talked()

    def talked(self) -> None:
        """Any connected call, whoever made it, lets the business ask again."""
        self.requests.clear()
        self.unanswered = 0

    def missed(self) -> bool:
        """The user has declined or not taken a call; True: that one cost the permission."""
        self.unanswered += 1
        if self.unanswered < UNANSWERED_REVOKES:
            return False
        self.unanswered = 0
        self.withdraw()
        return True

    def may_ask(self, now: float) -> bool:
        """Do the limits let another request through?"""
        return not any("limit_expiration_time" in limit for limit in self._request_limits(now))

    def call_limit_ends(self, now: float) -> int | None:
        """Until when no further call is allowed; None: one is."""
        ends: int | None = self._call_limits(now)[0].get("limit_expiration_time")
        return ends

    def shown(self, now: float) -> dict[str, Any]:
        """``permission`` and ``actions`` of `GET /{phone-number-id}/call_permissions`."""
        status = self.status(now)
        permission: dict[str, Any] = {"status": status}
        ends = self.expires_at(now)
        if ends is not None:
            permission["expiration_time"] = ends
        may_call = status != "no_permission" and self.call_limit_ends(now) is None
        return {
            "permission": permission,
            "actions": [
                {
                    "action_name": "send_call_permission_request",
                    "can_perform_action": status != "permanent" and self.may_ask(now),
                    "limits": self._request_limits(now),
                },
                {
                    "action_name": "start_call",
                    "can_perform_action": may_call,
                    "limits": self._call_limits(now),
                },
            ],
        }

    def _request_limits(self, now: float) -> list[dict[str, Any]]:
        return [
            self._limit("PT24H", DAY, MAX_REQUESTS_A_DAY, self.requests, now),
            self._limit("P7D", WEEK, MAX_REQUESTS_A_WEEK, self.requests, now),
        ]

    def _call_limits(self, now: float) -> list[dict[str, Any]]:
        return [self._limit("PT24H", DAY, MAX_CALLS_A_DAY, self.connected, now)]

    def _limit(
        self, name: str, period: float, most: int, times: list[float], now: float
    ) -> dict[str, Any]:
        seconds = period * self.scale
        within = [at for at in times if at > now - seconds]
        limit: dict[str, Any] = {
            "time_period": name,
            "max_allowed": most,
            "current_usage": len(within),
        }
        if len(within) >= most:  # told only when it is reached
            limit["limit_expiration_time"] = int(within[len(within) - most] + seconds) + 1
        return limit
