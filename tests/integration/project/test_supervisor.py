"""Real processes, small ones, under the supervisor."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from project import supervisor
from project.programs import Program
from project.supervisor import ProgramFailed, Supervisor

pytestmark = pytest.mark.filterwarnings("error::ResourceWarning")

WAIT_FOR_EVER = "import signal; print('up', flush=True); signal.pause()"
DEAF = (
    "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True);"
    "signal.pause(); signal.pause()"
)
WITH_A_CHILD = """
    import subprocess, sys
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    print(child.pid, flush=True)
    child.wait()
"""


def program(name: str, script: str, *, phase: int = 0, stop_seconds: float = 5.0) -> Program:
    return Program(
        name=name,
        argv=(sys.executable, "-c", textwrap.dedent(script)),
        environ={"PATH": os.environ["PATH"]},
        stop_phase=phase,
        stop_seconds=stop_seconds,
    )


class Lines:
    """What the programs said, and a way to wait for it."""

    def __init__(self) -> None:
        self.said: list[tuple[str, str]] = []
        self._news = asyncio.Event()

    def __call__(self, name: str, line: str) -> None:
        self.said.append((name, line))
        self._news.set()

    def of(self, name: str) -> list[str]:
        return [line for who, line in self.said if who == name]

    async def until(self, is_there: Callable[[], object], seconds: float = 10.0) -> None:
        async with asyncio.timeout(seconds):
            while not is_there():
                self._news.clear()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._news.wait(), 0.02)


def is_alive(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


@pytest.fixture
def lines() -> Lines:
    return Lines()


async def test_what_a_program_writes_is_shown_with_its_name(lines: Lines) -> None:
    running = Supervisor(lines)
    running.start(
        [program("talker", f"import sys; print('to err', file=sys.stderr); {WAIT_FOR_EVER}")]
    )

    await lines.until(lambda: len(lines.said) == 2)
    await running.stop()

    assert sorted(lines.said) == [("talker", "to err"), ("talker", "up")]


async def test_a_killed_program_is_started_again_and_says_why_it_ended(lines: Lines) -> None:
    running = Supervisor(lines)
    running.start([program("victim", WAIT_FOR_EVER)])
    await lines.until(lambda: lines.of("victim") == ["up"])

    os.kill(running.pids()["victim"], signal.SIGKILL)
    await lines.until(lambda: lines.of("victim").count("up") == 2)
    await running.stop()

    assert "stopped with SIGKILL; starting again in 0.5 s" in lines.of("victim")
    assert running.restarts == {"victim": 1}


async def test_a_program_that_keeps_failing_is_started_at_growing_intervals(
    lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "FIRST_BACKOFF_SECONDS", 0.01)
    monkeypatch.setattr(supervisor, "LONGEST_BACKOFF_SECONDS", 0.04)
    running = Supervisor(lines)
    running.start([program("broken", "raise SystemExit(3)")])

    await lines.until(lambda: len(lines.of("broken")) >= 4)
    await running.stop()

    assert lines.of("broken")[:4] == [
        f"stopped with exit status 3; starting again in {seconds} s"
        for seconds in ("0.01", "0.02", "0.04", "0.04")
    ]


async def test_a_program_that_ran_well_for_long_is_started_again_quickly(
    lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "FIRST_BACKOFF_SECONDS", 0.01)
    monkeypatch.setattr(supervisor, "STEADY_SECONDS", 0.0)
    running = Supervisor(lines)
    running.start([program("steady", "")])

    await lines.until(lambda: len(lines.of("steady")) >= 3)
    await running.stop()

    assert {line.rpartition(" in ")[2] for line in lines.of("steady")} == {"0.01 s"}


async def test_one_program_dying_does_not_disturb_the_others(lines: Lines) -> None:
    running = Supervisor(lines)
    running.start([program("victim", WAIT_FOR_EVER), program("neighbour", WAIT_FOR_EVER)])
    await lines.until(lambda: len(lines.said) == 2)
    before = running.pids()

    os.kill(before["victim"], signal.SIGKILL)
    await lines.until(lambda: lines.of("victim").count("up") == 2)
    after = running.pids()
    await running.stop()

    assert after["neighbour"] == before["neighbour"]
    assert after["victim"] != before["victim"]


async def test_stopping_leaves_nothing_running(lines: Lines) -> None:
    running = Supervisor(lines)
    running.start([program(name, WAIT_FOR_EVER) for name in ("one", "other")])
    await lines.until(lambda: len(lines.said) == 2)
    processes = running.pids().values()

    await running.stop()

    assert [process for process in processes if is_alive(process)] == []
    assert running.pids() == {}


async def test_programs_are_stopped_phase_by_phase(lines: Lines) -> None:
    farewell = "import signal, sys; print('up', flush=True); signal.sigwait([signal.SIGTERM]); print('bye')"
    blocked = (
        f"import signal; signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM]); {farewell}"
    )
    running = Supervisor(lines)
    running.start([program(f"phase{phase}", blocked, phase=phase) for phase in (2, 0, 1)])
    await lines.until(lambda: len(lines.said) == 3)

    await running.stop()

    assert [who for who, line in lines.said if line == "bye"] == ["phase0", "phase1", "phase2"]


async def test_a_program_that_does_not_stop_is_ended(lines: Lines) -> None:
    running = Supervisor(lines)
    running.start([program("deaf", DEAF, stop_seconds=0.2)])
    await lines.until(lambda: lines.of("deaf") == ["up"])
    process = running.pids()["deaf"]

    await running.stop()

    assert not is_alive(process)
    assert lines.of("deaf")[1:] == ["did not stop in 0.2 s; ending it"]


async def test_what_a_program_started_ends_with_it(lines: Lines) -> None:
    running = Supervisor(lines)
    running.start([program("parent", WITH_A_CHILD)])
    await lines.until(lambda: lines.of("parent"))
    child = int(lines.of("parent")[0])
    assert is_alive(child)

    await running.stop()

    await lines.until(lambda: not is_alive(child))


async def test_a_child_left_behind_does_not_hide_that_its_program_died(lines: Lines) -> None:
    running = Supervisor(lines)
    running.start([program("parent", WITH_A_CHILD)])
    await lines.until(lambda: lines.of("parent"))
    child = int(lines.of("parent")[0])

    os.kill(running.pids()["parent"], signal.SIGKILL)
    await lines.until(lambda: not is_alive(child), seconds=3)
    await lines.until(lambda: running.restarts == {"parent": 1}, seconds=3)

    await running.stop()


async def test_stopping_does_not_wait_for_a_pause_before_a_restart(lines: Lines) -> None:
    running = Supervisor(lines)
    running.start([program("broken", "raise SystemExit(1)")])
    await lines.until(lambda: lines.said)

    async with asyncio.timeout(0.4):  # the pause is 0.5 s
        await running.stop()

    assert running.pids() == {}


async def test_a_second_wish_to_stop_ends_everything_at_once(lines: Lines) -> None:
    running = Supervisor(lines)
    running.start([program("deaf", DEAF, stop_seconds=30)])
    await lines.until(lambda: lines.of("deaf") == ["up"])

    stopping = asyncio.create_task(running.stop())
    await asyncio.sleep(0.05)
    running.kill()

    async with asyncio.timeout(2):
        await stopping


async def test_a_program_that_does_not_exist_is_said_and_tried_again(lines: Lines) -> None:
    missing = Program(name="missing", argv=("/nowhere/program",), environ={}, stop_phase=0)
    running = Supervisor(lines)
    running.start([missing])

    await lines.until(lambda: lines.said)
    await running.stop()

    assert "No such file or directory: '/nowhere/program'" in lines.of("missing")[0]


async def test_an_endless_line_is_shown_in_pieces(lines: Lines) -> None:
    running = Supervisor(lines)
    running.start(
        [program("endless", f"print('x' * 100_000, end='', flush=True); {WAIT_FOR_EVER}")]
    )

    await lines.until(lambda: sum(len(line) for line in lines.of("endless")) >= 100_002)
    await running.stop()

    assert max(len(line) for line in lines.of("endless")) <= 2 * 16 * 1024


async def test_a_program_run_once_gives_back_what_it_wrote(lines: Lines) -> None:
    once = program("once", "import sys; print('result'); print('note', file=sys.stderr)")

    assert await Supervisor(lines).run(once) == ["result"]
    assert lines.said == [("once", "note")]


async def test_a_program_run_once_that_fails_is_an_error(lines: Lines) -> None:
    with pytest.raises(ProgramFailed, match="^once ended with exit status 4.$"):
        await Supervisor(lines).run(program("once", "raise SystemExit(4)"))


async def test_a_program_run_once_that_does_not_exist_is_an_error(lines: Lines) -> None:
    missing = Program(name="once", argv=("/nowhere/program",), environ={}, stop_phase=0)

    with pytest.raises(ProgramFailed, match="^once cannot be started: "):
        await Supervisor(lines).run(missing)


async def test_a_program_run_once_is_ended_when_nobody_waits_for_it_any_more(lines: Lines) -> None:
    running = asyncio.create_task(
        Supervisor(lines).run(
            program(
                "once",
                "import os, sys, signal; print(os.getpid(), file=sys.stderr); signal.pause()",
            )
        )
    )
    await lines.until(lambda: lines.said)

    running.cancel()

    await lines.until(lambda: not is_alive(int(lines.said[0][1])))


def test_secrets_in_the_output_of_a_crash_are_hidden(capsys: pytest.CaptureFixture[str]) -> None:
    supervisor.say_on_stdout("web", "ValueError: Bearer canarycanary")

    assert capsys.readouterr().out == "      web | ValueError: Bearer [hidden]\n"


@pytest.mark.parametrize(
    ("number", "what"), [(signal.SIGTERM, WAIT_FOR_EVER), (signal.SIGKILL, DEAF)]
)
def test_nothing_outlives_a_killed_supervisor(tmp_path: Path, number: int, what: str) -> None:
    script = tmp_path / "parent.py"
    script.write_text(
        textwrap.dedent(
            f"""
            import asyncio, sys
            from project.programs import Program
            from project.supervisor import Supervisor
            async def main():
                running = Supervisor(lambda name, line: print(running.pids()[name], flush=True))
                running.start([Program(name="p", argv=(sys.executable, "-c", {what!r}),
                                       environ={{}}, stop_phase=0, death_signal={number})])
                await asyncio.sleep(60)
            asyncio.run(main())
            """
        )
    )
    root = Path(__file__).resolve().parents[3]
    parent = subprocess.Popen(
        [sys.executable, str(script)],
        env={"PYTHONPATH": str(root), "PATH": os.environ["PATH"]},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    assert is_alive(child)

    parent.kill()
    parent.wait()
    parent.stdout.close()

    give_up_at = time.monotonic() + 5
    while is_alive(child):
        assert time.monotonic() < give_up_at, "the child outlived its supervisor"
        time.sleep(0.01)
