"""Rules of the house that a machine can check."""

from __future__ import annotations

import ast
import dataclasses
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import call_command

from calls import queue
from project.celery import app
from project.env import table
from sdp.media import configuration
from sdp.media.stream import Limits

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("project", "webhooks", "calls", "sdp", "simulator")
COMMANDS = ("up", "test", "demo", "check", "setup", "lock", "peers")

LONGEST_FILE = 400
LONGEST_TEST_FILE = 600
LONGEST_FUNCTION = 60
LEFT_BEHIND = {"var", "__pycache__", "node_modules"}
#: Names that say nothing: such a file grows into a drawer.
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "services"}
#: Texts that must not be in the repository, and the files that may say them.
FORBIDDEN_TEXTS = {
    "a package registry's address": r"py[p]i\.org|python[h]osted|registry\.np[m]js|files\.pyt[h]on",
    "a path of somebody's machine": r"/r[o]ot/|/w[o]rk/main|/h[o]me/\w+/",
    "an unfinished thought": r"\b(?:TO[D]O|FIX[M]E|X[X]X)\b",
}


def python_files(*folders: str) -> list[Path]:
    found = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    return [path for path in found if "migrations" not in path.parts]


def files() -> Iterator[Path]:
    """What belongs to the repository; not what tools and a running service leave behind."""
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [
            name
            for name in folders
            if name == ".ci" or not (name in LEFT_BEHIND or name.startswith("."))
        ]
        yield from (Path(folder) / name for name in names)


def texts() -> Iterator[tuple[Path, str]]:
    for path in files():
        try:
            yield path, path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def test_nobody_imports_upwards() -> None:
    program = Path(sys.executable).with_name("lint-imports")
    checked = subprocess.run(
        [str(program), "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=120
    )

    assert checked.returncode == 0, checked.stdout


def test_every_file_tells_one_story_and_ends() -> None:
    too_long = {
        name_of(path): lines
        for path in python_files(*ROOMS, "tests")
        for lines in [len(path.read_text(encoding="utf-8").splitlines())]
        if lines > (LONGEST_TEST_FILE if "tests" in path.parts else LONGEST_FILE)
    }

    assert too_long == {}


def test_every_function_fits_a_screen() -> None:
    too_long = {
        f"{name_of(path)}:{node.name}": length
        for path in python_files(*ROOMS)
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := (node.end_lineno or node.lineno) - node.lineno + 1) > LONGEST_FUNCTION
    }

    assert too_long == {}


def test_no_file_is_a_drawer() -> None:
    drawers = [
        name_of(path)
        for path in python_files(*ROOMS, "tests")
        if path.stem in FORBIDDEN_NAMES or path.parent.name in FORBIDDEN_NAMES
    ]

    assert drawers == []


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        name_of(path)
        for path in python_files(*ROOMS)
        if path.stat().st_size and ast.get_docstring(tree_of(path)) is None
    ]

    assert silent == []


def test_there_is_exactly_one_signal_and_nobody_listens_to_saves() -> None:
    made, listened = [], []
    for path in python_files(*ROOMS):
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Signal":
                made.append(name_of(path))
            if isinstance(node, ast.Name | ast.Attribute):
                name = node.id if isinstance(node, ast.Name) else node.attr
                if name in {"post_save", "pre_save", "post_delete", "pre_delete", "m2m_changed"}:
                    listened.append(name_of(path))

    assert made == ["calls/signals.py"]
    assert listened == []


def test_every_task_that_is_rung_by_name_exists() -> None:
    app.loader.import_default_modules()

    assert set(queue.TASK_NAMES) <= set(app.tasks)


@pytest.mark.parametrize("task", [queue.DRAIN, queue.INTERPRET])
def test_tasks_of_calls_have_a_queue_of_their_own(task: str) -> None:
    assert app.amqp.router.route({}, task)["queue"].name == "calls"


@pytest.mark.parametrize("what", FORBIDDEN_TEXTS)
def test_the_repository_is_free_of(what: str) -> None:
    pattern = re.compile(FORBIDDEN_TEXTS[what])
    found = [
        f"{name_of(path)}: {match[0]}"
        for path, text in texts()
        if path != Path(__file__)
        for match in pattern.finditer(text)
    ]

    assert found == []


def test_every_command_can_be_run() -> None:
    not_executable = [
        name
        for name in (*(f"bin/{command}" for command in COMMANDS), ".ci/run", "manage.py")
        if not os.access(ROOT / name, os.X_OK)
    ]

    assert not_executable == []


@pytest.mark.parametrize("command", COMMANDS)
def test_the_commands_are_plain_shell(command: str) -> None:
    path = ROOT / "bin" / command

    assert path.read_text().startswith("#!/bin/sh\n# ")
    subprocess.run(["sh", "-n", str(path)], check=True)


def test_no_test_is_skipped() -> None:
    marks = re.compile(r"mark\.skip|mark\.xfail|pytest\.skip\(|importorskip|unittest\.skip")
    found = [
        name_of(path)
        for path in python_files("tests")
        if path != Path(__file__) and marks.search(path.read_text(encoding="utf-8"))
    ]

    assert found == []


def test_the_table_of_settings_is_fresh() -> None:
    call_command("settingstable", "--check")


def test_every_variable_is_used() -> None:
    sources = "\n".join(path.read_text() for path in python_files("project"))
    unused = {field.name.upper() for field in table() if f"environment.{field.name}" not in sources}

    assert unused <= variables_of_media_workers()


def test_every_variable_of_a_media_worker_is_in_the_table() -> None:
    known = {field.name.upper() for field in table()} | {"MEDIA_SECRET_FILE"}

    assert variables_of_media_workers() - known == set()


def test_a_media_worker_has_the_defaults_of_the_table() -> None:
    limits = dataclasses.asdict(Limits())
    defaults = {field.name.upper(): field.metadata["default"] for field in table()}
    said = {
        name: float(defaults[f"MEDIA_{name.upper()}_SECONDS"])
        for name in limits
        if f"MEDIA_{name.upper()}_SECONDS" in defaults
    }

    assert said == {name: limits[name] for name in said}
    assert len(said) == 8
    assert defaults["MEDIA_LISTEN"] == configuration.DEFAULT_LISTEN
    assert defaults["MEDIA_PORT_RANGE"] == configuration.DEFAULT_PORT_RANGE
    assert defaults["MEDIA_CAPACITY"] == configuration.DEFAULT_CAPACITY
    assert defaults["MEDIA_MAX_LOAD"] == configuration.DEFAULT_MAX_LOAD
    assert defaults["MEDIA_DRAIN_SECONDS"] == configuration.DEFAULT_DRAIN_SECONDS


def variables_of_media_workers() -> set[str]:
    source = (ROOT / "sdp" / "media" / "configuration.py").read_text(encoding="utf-8")
    return set(re.findall(r'"(MEDIA_[A-Z_]+)"', source))


@pytest.mark.parametrize("name", ["requirements", "requirements-dev", "requirements-uv"])
def test_every_package_is_pinned_with_hashes(name: str) -> None:
    entries = re.split(r"\n(?=\S)", (ROOT / f"{name}.txt").read_text())

    assert all(
        re.match(r"[\w.\[\]-]+==\S+", entry) and "--hash=sha256:" in entry for entry in entries
    )


def test_what_runs_in_tests_is_what_runs_in_production() -> None:
    def pins(name: str) -> dict[str, str]:
        text = (ROOT / f"{name}.txt").read_text()
        return dict(re.findall(r"^([\w.-]+)==(\S+)", text, re.MULTILINE))

    production, tests = pins("requirements"), pins("requirements-dev")

    assert {name: tests.get(name) for name in production} == production
