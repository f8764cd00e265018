"""One climb: an engine and a load are started, and calls are added step by step until it is too much."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench import figures, processes
from bench.control import Control, Refused
from bench.engines import Engine, control_socket
from bench.offers import offer
from bench.processes import Child, Died
from bench.samples import Sample, Times
from bench.scenarios.base import PROMPT, Scenario, call_name
from bench.sound import speech, write_wav

START_SECONDS = 20.0
CONNECT_SECONDS = 20.0
CONNECTING = 4  # calls at once that may be on their way
PROBE = 500_000  # numbers from here on: peers that never answer
PROBE_PAUSE = 0.025
PROBING_SECONDS = 3.0
WARM_UP = 400_000
WARM_UPS = 10
AT_ONCE_SECONDS = 1.5  # half a second of it is a pause

ADDING_SECONDS = 10.0


def climb(
    engine: Engine,
    scenario: Scenario,
    steps: Sequence[int],
    times: Times,
    *,
    until: float = math.inf,
    tell: Callable[[str], object] = print,
) -> list[Sample]:
    """A sample of the idle engine and one of each step, until the knee is passed.

    What has been measured before the engine or the load failed is kept; `tell` hears why it ended.

    :param until: no step begins later, by `time.monotonic()`.
    :raises Died: nothing was measured: the engine or the load did not start, or ended.
    """
    with ExitStack() as stack:
        kept = TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True)
        folder = Path(stack.enter_context(kept))
        (folder / "prompts").mkdir()
        write_wav(folder / "prompts" / PROMPT, speech(times.prompt))

        def start(name: str, command: Sequence[str], **environment: str) -> Child:
            return stack.enter_context(Child(command, environment, folder / f"{name}.log"))

        turns = ["--group", str(scenario.group)] if scenario.takes_turns else []
        far = [start("load", [sys.executable, "-m", "bench.load", *turns])]
        if scenario.has_agent:
            far.append(start("agent", [sys.executable, "-m", "bench.agent"]))
        running = start("engine", engine.command(), **engine.environment(folder))
        climbing = _Climb(engine, scenario, times, control_socket(folder), running, far)
        try:
            climbing.run(steps, until)
        except (Died, Refused) as problem:
            if not climbing.samples:
                raise Died(str(problem)) from problem
            tell(f"  ended early: {problem}")
        return climbing.samples


class _Climb:
    def __init__(
        self,
        engine: Engine,
        scenario: Scenario,
        times: Times,
        socket: Path,
        running: Child,
        far: Sequence[Child],
    ) -> None:
        self.samples: list[Sample] = []
        self._engine = engine
        self._scenario = scenario
        self._times = times
        self._socket = socket
        self._running = running
        self._far = far
        self._load = far[0]
        self._calls = 0
        self._probes = 0
        self._ports: list[int] = []
        self._fingerprint = ""
        self._dtls: list[float] = []

    def run(self, steps: Sequence[int], until: float) -> None:
        greeting = self._load.hear()
        self._ports, self._fingerprint = greeting["ports"], greeting["fingerprint"]
        agent = self._far[1].hear()["url"] if self._far[1:] else ""
        self._wait_for_engine()
        control = Control(self._socket, agent)
        try:
            self._steps(control, steps, until)
        finally:
            control.close()

    def _wait_for_engine(self) -> None:
        give_up_at = time.monotonic() + START_SECONDS
        while not self._socket.exists():
            if time.monotonic() > give_up_at:
                raise Died(f"{self._engine.name} does not start: {self._running.last_words()}")
            self._running.live(0.05)
        self._running.live(0.2)

    def _steps(self, control: Control, steps: Sequence[int], until: float) -> None:
        self._warm_up(control)
        answers = self._probe(control, self._times.idle_probes)
        self.samples.append(self._sample(calls=0, answers_ms=answers))
        for calls in steps:
            if time.monotonic() > until or not self._add(control, calls):
                break
            self._running.live(self._times.settle)
            self.samples.append(self._measure(control, calls))
            before, now = self.samples[-2:]
            if now.is_far_beyond_knee or (now.is_beyond_knee and before.is_beyond_knee):
                break

    def _sample(self, **values: Any) -> Sample:
        return Sample(engine=self._engine.name, scenario=self._scenario.name, **values)

    # --- calls ------------------------------------------------------------------------------------

    def _offer(self, number: int) -> str:
        return offer(number, self._ports[number % len(self._ports)], self._fingerprint)

    def _warm_up(self, control: Control) -> None:
        """The first calls of a process pay for what is loaded only then; they are not measured.

        Until one begins at once: a call that begins before the prompt is ready goes on without it.
        """
        for turn in range(WARM_UPS):
            began = time.monotonic()
            self._try_calls(control, WARM_UP + turn * self._scenario.group)
            if time.monotonic() - began < AT_ONCE_SECONDS:
                break
        self._running.live(0.7)

    def _try_calls(self, control: Control, first: int) -> None:
        numbers = range(first, first + self._scenario.group)
        for number in numbers:
            control.open(call_name(number), self._offer(number), self._scenario.prompts)
            self._scenario.begin(control, number)
        self._running.live(0.5)
        for number in numbers:
            control.end(call_name(number))

    def _add(self, control: Control, calls: int) -> bool:
        """Is it so many calls now? False: the engine takes too long to take them."""
        give_up_at = time.monotonic() + ADDING_SECONDS
        while self._calls < calls:
            if time.monotonic() > give_up_at:
                return False
            number = self._calls
            self._load.ask("expect", peer=number)
            control.open(call_name(number), self._offer(number), self._scenario.prompts)
            self._scenario.begin(control, number)
            self._calls += 1
            self._wait_connected(max(self._calls - CONNECTING, 0))
        self._wait_connected(calls)
        return True

    def _wait_connected(self, enough: int) -> None:
        give_up_at = time.monotonic() + CONNECT_SECONDS
        while True:
            status = self._load.ask("status")
            self._dtls += status["dtls_ms"]
            if status["connected"] >= enough:
                return
            if time.monotonic() > give_up_at:
                raise Died(f"only {status['connected']} of {enough} calls are connected")
            self._running.live(0.002)

    def _probe(self, control: Control, count: int) -> list[float]:
        """How long answers take while the present calls go on. The probes are closed at once."""
        taken: list[float] = []
        give_up_at = time.monotonic() + PROBING_SECONDS
        while len(taken) < count and time.monotonic() < give_up_at:
            self._probes += 1
            number = PROBE + self._probes
            call = call_name(number)
            _, milliseconds = control.open(call, self._offer(number), self._scenario.prompts)
            taken.append(milliseconds)
            control.end(call)
            self._running.live(PROBE_PAUSE)
        return taken

    # --- the window -------------------------------------------------------------------------------

    def _measure(self, control: Control, calls: int) -> Sample:
        before = self._counters()
        self._load.ask("begin")
        self._running.live(self._times.window)
        seen = self._load.ask("end")
        engine, load, own, machine = (
            after - earlier for after, earlier in zip(self._counters(), before, strict=True)
        )
        seconds = seen["seconds"]
        dtls, self._dtls = self._dtls, []
        return self._sample(
            calls=calls,
            answers_ms=self._probe(control, self._times.probes),
            dtls_ms=dtls,
            calls_per_core=figures.calls_per_core(seen["packets"], engine),
            rss_mb=processes.rss_mb(self._running.pid),
            pacing_sd_ms=seen["pacing_sd_ms"],
            largest_gap_ms=seen["largest_gap_ms"],
            missing=max(1 - seen["packets"] / (calls * 50 * seconds), 0.0),
            engine_cores=engine / seconds,
            heard=seen["heard"],
            load_cores=load / seconds,
            other_cores=max(machine - engine - load - own, 0.0) / seconds,
            load_late_ms=seen["load_late_ms"],
        )

    def _counters(self) -> tuple[float, float, float, float]:
        return (
            processes.cpu_seconds(self._running.pid),
            sum(processes.cpu_seconds(one.pid) for one in self._far),
            processes.own_cpu_seconds(),
            processes.machine_busy_seconds(),
        )
