"""Deliver webhooks the way Meta does: signed, at least once, without any order.

Meta: webhooks/create-webhook-endpoint and calling/faq. Anything but 200 within 20 s is delivered
again: at once, then ever more rarely.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypedDict

import aiohttp

from simulator.accounts import PhoneNumber
from simulator.payloads import Json, change
from simulator.signing import encode, signature
from simulator.switches import DeliverySwitches
from simulator.variations import body, merge_arrays, neighbours, vary

TIMEOUT_SECONDS = 20.0
RETRY_SECONDS = (0.0, 5.0, 30.0, 120.0, 600.0, 1800.0, 3600.0)
"""Pauses before each further attempt; the last one repeats until the horizon is reached."""
HORIZON_SECONDS = 36 * 3600.0
_SHORTEST_TIMEOUT = 1.0
_USER_AGENT = "facebookexternalua"


class Attempt(TypedDict):
    """One POST; `status` is None when no response came."""

    at: float
    status: int | None
    ms: float
    error: str | None


class DeliveryRecord(TypedDict):
    """One webhook on its way; `state` is waiting, delivered, lost or given_up."""

    id: int
    url: str
    events: list[str]
    call_ids: list[str]
    bytes: int
    state: str
    attempts: list[Attempt]


@dataclass(frozen=True)
class Webhook:
    """One `value` of one number, with what shall happen to it on the way."""

    number: PhoneNumber
    value: Json
    event: str
    field: str = "calls"
    call_id: str | None = None
    switches: DeliverySwitches = DeliverySwitches()
    extra_changes: tuple[Json, ...] = ()
    on_sent: Callable[[float], None] | None = None
    """Called with the clock time (s) of the first attempt."""
    on_delivered: Callable[[float], None] | None = None


@dataclass
class Courier:
    """Owns the tasks of all webhooks under way."""

    session: aiohttp.ClientSession
    time_scale: float
    clock: Callable[[], float]
    records: list[DeliveryRecord] = field(default_factory=list)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _batches: dict[str, list[Webhook]] = field(default_factory=dict)
    _terminated: dict[str, asyncio.Event] = field(default_factory=dict)

    def send(self, webhook: Webhook) -> None:
        """Take a webhook over; returns at once."""
        if webhook.event in webhook.switches.lose:
            self._record([webhook], 0)["state"] = "lost"
            return
        self._spawn(webhook)

    def send_raw(self, number: PhoneNumber, data: bytes, secret: str | None = None) -> int:
        """Sign and deliver any bytes.

        :return: the id of the delivery.
        """
        webhook = Webhook(number=number, value={}, event="raw")
        record = self._record([webhook], len(data))
        self._start(self._deliver([webhook], data, record, secret))
        return record["id"]

    def under_way(self) -> int:
        """Number of webhooks not yet delivered."""
        return len(self._tasks)

    async def forget(self) -> None:
        """Stop all deliveries and forget what was sent."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.records.clear()
        self._batches.clear()
        self._terminated.clear()

    def _start(self, work: "asyncio._CoroutineLike[None]") -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _spawn(self, webhook: Webhook) -> None:
        self._start(self._carry(webhook))

    async def _carry(self, webhook: Webhook) -> None:
        switches = webhook.switches
        await asyncio.sleep(switches.delay.get(webhook.event, 0.0))
        if switches.terminate_first and webhook.event == "connect" and webhook.call_id:
            await self._terminated.setdefault(webhook.call_id, asyncio.Event()).wait()
            await asyncio.sleep(switches.connect_after_terminate)
        if switches.batch is None:
            await self._post([webhook])
            return
        waiting = self._batches.setdefault(switches.batch.label, [])
        waiting.append(webhook)
        if len(waiting) == 1:
            self._start(self._leave_in_time(switches.batch.label, switches.batch.wait))
        if len(waiting) >= switches.batch.size:
            await self._post(self._batches.pop(switches.batch.label))

    async def _leave_in_time(self, label: str, seconds: float) -> None:
        """Send an incomplete batch after a while; nothing if it has left already."""
        waiting = self._batches[label]
        deadline = self.clock() + seconds
        while self._batches.get(label) is waiting:
            if self.clock() >= deadline:
                await self._post(self._batches.pop(label))
                return
            await asyncio.sleep(min(0.05, seconds))

    async def _post(self, webhooks: list[Webhook]) -> None:
        switches = webhooks[0].switches
        data = encode(compose(webhooks), raw_utf8=switches.raw_utf8)
        copies = [self._record(webhooks, len(data)) for _ in range(1 + switches.duplicate)]
        await asyncio.gather(*(self._deliver(webhooks, data, copy) for copy in copies))

    async def _deliver(
        self,
        webhooks: list[Webhook],
        data: bytes,
        record: DeliveryRecord,
        secret: str | None = None,
    ) -> None:
        started = self.clock()
        number = webhooks[0].number
        while True:
            headers = _headers(data, secret or number.app_secret, webhooks[0].switches, record)
            sent_at = self.clock()
            if not record["attempts"]:
                for webhook in webhooks:
                    if webhook.on_sent:
                        webhook.on_sent(sent_at)
            record["attempts"].append(await self._attempt(number.webhook_url, data, headers))
            if record["attempts"][-1]["status"] == 200:
                break
            pause = RETRY_SECONDS[min(len(record["attempts"]), len(RETRY_SECONDS)) - 1]
            if self.clock() + pause * self.time_scale - started > HORIZON_SECONDS * self.time_scale:
                record["state"] = "given_up"
                return
            await asyncio.sleep(pause * self.time_scale)
        record["state"] = "delivered"
        self._delivered(webhooks)

    def _delivered(self, webhooks: list[Webhook]) -> None:
        for webhook in webhooks:
            if webhook.event == "terminate" and webhook.call_id:
                self._terminated.setdefault(webhook.call_id, asyncio.Event()).set()
            if webhook.on_delivered:
                webhook.on_delivered(self.clock())

    async def _attempt(self, url: str, data: bytes, headers: dict[str, str]) -> Attempt:
        began = self.clock()
        status: int | None = None
        error: str | None = None
        timeout = max(_SHORTEST_TIMEOUT, TIMEOUT_SECONDS * self.time_scale)
        try:
            async with self.session.post(
                url,
                data=data,
                headers=headers,
                timeout=aiohttp.ClientTimeout(total=timeout),
                allow_redirects=False,
            ) as response:
                await response.read()
                status = response.status
        except (aiohttp.ClientError, TimeoutError) as failure:
            error = f"{type(failure).__name__}: {failure}".rstrip(": ")
        ms = round((self.clock() - began) * 1000, 1)
        return {"at": round(time.time(), 3), "status": status, "ms": ms, "error": error}

    def _record(self, webhooks: list[Webhook], size: int) -> DeliveryRecord:
        record: DeliveryRecord = {
            "id": len(self.records) + 1,
            "url": webhooks[0].number.webhook_url,
            "events": [webhook.event for webhook in webhooks],
            "call_ids": [webhook.call_id for webhook in webhooks if webhook.call_id],
            "bytes": size,
            "state": "waiting",
            "attempts": [],
        }
        self.records.append(record)
        return record


def compose(webhooks: list[Webhook]) -> Json:
    """The body of one POST; several webhooks are laid out as their batch says. Pure."""
    batch = webhooks[0].switches.batch
    if batch is not None and batch.layout == "arrays":
        first = webhooks[0]
        merged = merge_arrays([vary(webhook.value, webhook.switches) for webhook in webhooks])
        return body([(first.number.waba_id, [change(first.field, merged)])])
    grouped = [(webhook.number.waba_id, _changes(webhook)) for webhook in webhooks]
    if batch is not None and batch.layout == "changes":
        return body([(grouped[0][0], [item for _, changes in grouped for item in changes])])
    return body(grouped)


def _changes(webhook: Webhook) -> list[Json]:
    value = vary(webhook.value, webhook.switches)
    before, after = neighbours(value, webhook.switches)
    own = change(webhook.field, value)
    if webhook.switches.reverse_keys:
        own = dict(reversed(own.items()))
    return [*before, *webhook.extra_changes, own, *after]


def _headers(
    data: bytes, secret: str, switches: DeliverySwitches, record: DeliveryRecord
) -> dict[str, str]:
    number = len(record["attempts"])
    headers = {"Content-Type": "application/json", "User-Agent": _USER_AGENT}
    if number < switches.missing_signatures or switches.missing_signatures < 0:
        return headers
    if number < switches.wrong_signatures or switches.wrong_signatures < 0:
        secret += "-wrong"
    return {**headers, "X-Hub-Signature-256": signature(data, secret)}
