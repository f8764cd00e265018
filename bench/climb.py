"""One climb: an engine and a load are started, and calls are added step by step until it is too much."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench import figures, processes
from bench.control import Control
from bench.engines import Engine, control_socket
from bench.offers import offer
from bench.processes import Child, Died
from bench.scenarios.base import PROMPT, Scenario
from bench.sound import speech, write_wav

START_SECONDS = 20.0
CONNECT_SECONDS = 20.0
CONNECTING = 4  # calls at once that may be on their way
PROBE = 500_000  # numbers from here on: peers that never answer
PROBE_PAUSE = 0.025
PROBING_SECONDS = 3.0
WARM_UP = 400_000

#: Beyond the knee: packets leave more unevenly than this, or are missing.
KNEE_PACING_MS = 5.0
KNEE_MISSING = 0.01
#: So far beyond it that no more calls are added.
FAR_PACING_MS = 15.0
FAR_MISSING = 0.05
ADDING_SECONDS = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """How long the parts of a measurement take, in seconds, and how many answers are timed."""

    settle: float = 0.7
    window: float = 3.0
    idle_probes: int = 30
    probes: int = 15
    prompt: float = 60.0  # longer than a climb, so that no call runs out of it


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One window of one climb. `calls` 0: nothing but the answers of the idle engine."""

    engine: str
    scenario: str
    calls: int
    answers_ms: list[float] = field(default_factory=list)
    dtls_ms: list[float] = field(default_factory=list)
    calls_per_core: float | None = None
    rss_mb: float | None = None
    pacing_sd_ms: float | None = None
    largest_gap_ms: float | None = None
    missing: float | None = None  # share of the packets that should have come
    engine_cores: float | None = None
    load_cores: float | None = None
    other_cores: float | None = None
    load_late_ms: float | None = None

    @property
    def is_beyond_knee(self) -> bool:
        pacing = self.pacing_sd_ms
        return bool(self.calls) and (
            pacing is None or pacing > KNEE_PACING_MS or (self.missing or 0.0) > KNEE_MISSING
        )

    @property
    def is_far_beyond_knee(self) -> bool:
        pacing = self.pacing_sd_ms
        return self.is_beyond_knee and (
            pacing is None or pacing > FAR_PACING_MS or (self.missing or 0.0) > FAR_MISSING
        )


def climb(engine: Engine, scenario: Scenario, steps: Sequence[int], times: Times) -> list[Sample]:
    """A sample of the idle engine and one of each step, until the knee is passed.

    :raises Died: the engine or the load did not start, or ended.
    """
    with TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        (folder / "prompts").mkdir()
        write_wav(folder / "prompts" / PROMPT, speech(times.prompt))
        with (
            Child([sys.executable, "-m", "bench.load"], {}, folder / "load.log") as load,
            Child(engine.command(), engine.environment(folder), folder / "engine.log") as running,
        ):
            return _Climb(engine, scenario, times, folder, load, running).run(steps)


class _Climb:
    def __init__(
        self,
        engine: Engine,
        scenario: Scenario,
        times: Times,
        folder: Path,
        load: Child,
        running: Child,
    ) -> None:
        self._engine = engine
        self._scenario = scenario
        self._times = times
        self._socket = control_socket(folder)
        self._load = load
        self._running = running
        self._calls = 0
        self._probes = 0
        self._ports: list[int] = []
        self._fingerprint = ""
        self._dtls: list[float] = []

    def run(self, steps: Sequence[int]) -> list[Sample]:
        greeting = self._load.hear()
        self._ports, self._fingerprint = greeting["ports"], greeting["fingerprint"]
        self._wait_for_engine()
        control = Control(self._socket)
        try:
            return self._steps(control, steps)
        finally:
            control.close()

    def _wait_for_engine(self) -> None:
        give_up_at = time.monotonic() + START_SECONDS
        while not self._socket.exists():
            if time.monotonic() > give_up_at:
                raise Died(f"{self._engine.name} does not start: {self._running.last_words()}")
            self._running.live(0.05)
        self._running.live(0.2)

    def _steps(self, control: Control, steps: Sequence[int]) -> list[Sample]:
        self._warm_up(control)
        answers = self._probe(control, self._times.idle_probes)
        samples = [self._sample(calls=0, answers_ms=answers)]
        for calls in steps:
            if not self._add(control, calls):
                break
            self._running.live(self._times.settle)
            samples.append(self._measure(control, calls))
            before, now = samples[-2:]
            if now.is_far_beyond_knee or (now.is_beyond_knee and before.is_beyond_knee):
                break
        return samples

    def _sample(self, **values: Any) -> Sample:
        return Sample(engine=self._engine.name, scenario=self._scenario.name, **values)

    # --- calls ------------------------------------------------------------------------------------

    def _offer(self, number: int) -> str:
        return offer(number, self._ports[number % len(self._ports)], self._fingerprint)

    def _warm_up(self, control: Control) -> None:
        """The first call of a process pays for what is loaded only then; it is not measured."""
        call = f"call-{WARM_UP}"
        control.open(call, self._offer(WARM_UP), [PROMPT])
        self._scenario.begin(control, call, WARM_UP)
        self._running.live(0.5)
        control.end(call)
        self._running.live(0.7)

    def _add(self, control: Control, calls: int) -> bool:
        """Is it so many calls now? False: the engine takes too long to take them."""
        give_up_at = time.monotonic() + ADDING_SECONDS
        while self._calls < calls:
            if time.monotonic() > give_up_at:
                return False
            number = self._calls
            self._load.ask("expect", peer=number)
            control.open(f"call-{number}", self._offer(number), [PROMPT])
            self._scenario.begin(control, f"call-{number}", number)
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
            call = f"call-{number}"
            _, milliseconds = control.open(call, self._offer(number), [PROMPT])
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
            load_cores=load / seconds,
            other_cores=max(machine - engine - load - own, 0.0) / seconds,
            load_late_ms=seen["load_late_ms"],
        )

    def _counters(self) -> tuple[float, float, float, float]:
        return (
            processes.cpu_seconds(self._running.pid),
            processes.cpu_seconds(self._load.pid),
            processes.own_cpu_seconds(),
            processes.machine_busy_seconds(),
        )
