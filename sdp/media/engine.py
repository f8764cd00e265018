"""All sockets and all clocks of the worker: two epolls, one shared beat.

A call costs no thread, no timer and no task. One tick of 5 ms serves a quarter of the calls, so that
each call has its turn every 20 ms and the packets of all calls are spread over time.

While a call gets through to its peer, every round trip counts: its socket is in an epoll that is a
reader of the asyncio loop. Once it is connected its packets come every 20 ms, and to be woken up for
each would cost more than to read it: its socket moves to the epoll that is emptied in each tick.
"""

from __future__ import annotations

import asyncio
import logging
import select
from collections.abc import Callable

from sdp.media.load import Load
from sdp.media.phase import Phase
from sdp.media.transport import Transport

log = logging.getLogger("sdp.media")

ROUND = 0.02  # seconds
PHASES = 4
STEP = ROUND / PHASES
LATE = 0.1  # seconds of left out turns that are worth a line in the log
MAX_EVENTS = 1024
MAX_POLLS = 8  # per wake-up, so that a flood cannot keep the loop from its other work
#: Its packets are read at once.
CONNECTING = (Phase.CHECKING, Phase.SECURING)


class Engine:
    """Feeds transports with packets and time.

    :param on_output: called in a call's turn when its session has events or bytes to store, or
        is over.
    :param load: is told how late the ticks come.
    """

    def __init__(self, on_output: Callable[[Transport], None], load: Load) -> None:
        self._skipped = 0  # turns left out because the process was late
        self._load = load
        self._on_output = on_output
        self._urgent = select.epoll()
        self._media = select.epoll()
        self._connecting: set[Transport] = set()  # those whose sockets are in `_urgent`
        self._transports: dict[int, Transport] = {}
        self._phases: list[list[Transport]] = [[] for _ in range(PHASES)]
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._began_at = 0.0
        self._step = 0  # how many steps have been taken since then

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to read, and to beat as soon as there is a call."""
        self._loop = loop
        loop.add_reader(self._urgent.fileno(), self._read, self._urgent)
        self._began_at = loop.time()

    def stop(self) -> None:
        """Read and beat no more; transports are the caller's to close."""
        if self._loop is not None:
            self._loop.remove_reader(self._urgent.fileno())
        if self._timer is not None:
            self._timer.cancel()
        self._urgent.close()
        self._media.close()

    def add(self, transport: Transport) -> None:
        """Give a transport its turns, in the phase with the fewest calls."""
        self._transports[transport.fileno] = transport
        if self._timer is None:
            self._step = self._due(self._now())  # the beat rested; that is no lateness
            self._load.rest()
            self._set_timer()
        self._urgent.register(transport.fileno, select.EPOLLIN)
        self._connecting.add(transport)
        transport.round = self._step // PHASES
        min(self._phases, key=len).append(transport)

    def remove(self, transport: Transport) -> None:
        """Forget a transport; it may have been removed before. Call it before its socket closes."""
        if self._transports.pop(transport.fileno, None) is None:
            return
        epoll = self._urgent if transport in self._connecting else self._media
        epoll.unregister(transport.fileno)
        self._connecting.discard(transport)
        for phase in self._phases:
            if transport in phase:
                phase.remove(transport)

    def tell_lateness(self) -> None:
        """Log how much was left out since this was asked for last; about once a second."""
        late, self._skipped = self._skipped * STEP, 0
        if late >= LATE:
            log.warning("late by %g s within the last second or so", late)

    def catch_up(self) -> None:
        """Read what has arrived since the last tick, so that a call that ends now has all of it."""
        self._read(self._media)

    # --- packets ----------------------------------------------------------------------------------

    def _read(self, epoll: select.epoll) -> None:
        now = self._now()
        transports = self._transports
        for _ in range(MAX_POLLS):
            ready = epoll.poll(0, MAX_EVENTS)
            if not ready:
                return
            for fileno, _ in ready:
                transport = transports.get(fileno)
                if transport is not None:
                    try:
                        transport.read(now)
                    except Exception:
                        log.exception("a call's media failed on a defect")
                        self._give_up(transport, now)

    def _move_connected(self) -> None:
        for transport in tuple(self._connecting):
            if transport.session.phase not in CONNECTING:
                self._connecting.remove(transport)
                self._urgent.unregister(transport.fileno)
                self._media.register(transport.fileno, select.EPOLLIN)

    # --- time -------------------------------------------------------------------------------------

    def _now(self) -> float:
        return self._loop.time() if self._loop is not None else 0.0

    def _due(self, now: float) -> int:
        return int((now - self._began_at) / STEP)

    def _set_timer(self) -> None:
        """For the next step; without a call the process sleeps."""
        self._timer = None
        if self._transports and self._loop is not None:
            next_at = self._began_at + (self._step + 1) * STEP
            self._timer = self._loop.call_at(next_at, self._tick)

    def _tick(self) -> None:
        self._read(self._media)
        if self._connecting:
            self._move_connected()
        now = self._now()
        due = self._due(now)
        self._load.tick(now - self._began_at - (self._step + 1) * STEP, due - self._step)
        if due - self._step > PHASES:
            # late by more than a round: every call has one turn now, what was missed is left out
            self._skipped += due - self._step - PHASES
            self._step = due - PHASES
        while self._step < due:
            self._beat(self._phases[self._step % PHASES].copy(), self._step // PHASES, now)
            self._step += 1
        self._set_timer()

    def _beat(self, transports: list[Transport], turn: int, now: float) -> None:
        for transport in transports:
            ticks, transport.round = turn - transport.round, turn
            session = transport.session
            try:
                transport.beat(ticks, now)
                if session.has_output or session.is_over:
                    self._on_output(transport)
            except Exception:
                log.exception("a call's media failed on a defect")
                self._give_up(transport, now)

    def _give_up(self, transport: Transport, now: float) -> None:
        """A defect that one call runs into must not silence the others: that call fails, and if it
        cannot even do that, it gets no more turns."""
        if transport.session.is_over:
            self.remove(transport)
        transport.session.fail("worker_lost", "internal error", now)
