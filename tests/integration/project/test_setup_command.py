"""`bin/setup` on machines that lack this or that, made of small stand-ins for their programs."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
TOOLS = ("sh", "dirname", "cksum", "cat", "rm", "mkdir", "touch", "chmod", "ln", "env")

#: Stands in for Python: notes what it is asked, and makes a .venv whose python is itself.
PYTHON = """#!/bin/sh
echo "python $*" >>"$NOTES"
case "$*" in
*version_info*) exit "${TOO_OLD:-0}" ;;
*ensurepip*) exit "${NO_VENV:-0}" ;;
"-m venv .venv") mkdir -p .venv/bin && ln -s "$SELF" .venv/bin/python ;;
*requirements-uv.txt*) [ -z "${UV_FAILS:-}" ] && ln -s "$UV" .venv/bin/uv ;;
*"-m pip install"*) exit "${PIP_FAILS:-0}" ;;
--version) echo "Python 3.11.2" ;;
esac
"""
UV = """#!/bin/sh
echo "uv $*" >>"$NOTES"
exit "${UV_FAILS:-0}"
"""
APT = """#!/bin/sh
echo "apt-get $*" >>"$NOTES"
"""


@dataclass
class Machine:
    """A folder with a copy of `bin/setup`, and a PATH with next to nothing on it."""

    folder: Path

    def __post_init__(self) -> None:
        self.programs = self.folder / "programs"
        self.project = self.folder / "project"
        (self.project / "bin").mkdir(parents=True)
        self.programs.mkdir()
        shutil.copy(ROOT / "bin" / "setup", self.project / "bin" / "setup")
        for name in ("requirements.txt", "requirements-dev.txt", "requirements-uv.txt"):
            (self.project / name).write_text(f"package-of-{name}==1\n")
        for tool in TOOLS:
            found = shutil.which(tool)
            assert found is not None
            (self.programs / tool).symlink_to(found)
        self.add("id", f"#!/bin/sh\necho {os.getuid() or 1000}\n")

    def add(self, name: str, script: str) -> None:
        path = self.programs / name
        path.write_text(script)
        path.chmod(0o755)

    def setup(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        own = {
            "PATH": str(self.programs),
            "NOTES": str(self.folder / "notes"),
            "SELF": str(self.programs / "python3"),
            "UV": str(self.folder / "uv"),
        }
        return subprocess.run(
            ["bin/setup", *arguments],
            cwd=self.project,
            env={**own, **environ},
            capture_output=True,
            text=True,
            timeout=20,
        )

    def notes(self) -> str:
        """What the stand-ins were asked since the last time."""
        path = self.folder / "notes"
        noted = path.read_text() if path.exists() else ""
        path.write_text("")
        return noted


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    machine = Machine(tmp_path)
    machine.add("python3", PYTHON)
    uv = tmp_path / "uv"
    uv.write_text(UV)
    uv.chmod(0o755)
    return machine


def test_a_fresh_clone_gets_an_environment_with_exactly_the_pinned_packages(
    machine: Machine,
) -> None:
    done = machine.setup()

    assert done.returncode == 0
    noted = machine.notes()
    assert "python -m venv .venv" in noted
    assert (
        "uv pip install --quiet --python .venv/bin/python --require-hashes -r requirements.txt"
        in noted
    )


def test_a_second_time_nothing_is_done(machine: Machine) -> None:
    machine.setup()
    machine.notes()

    done = machine.setup()

    assert (done.returncode, done.stderr, machine.notes()) == (0, "", "")


def test_changed_requirements_are_installed_into_the_same_environment(machine: Machine) -> None:
    machine.setup()
    machine.notes()
    (machine.project / "requirements.txt").write_text("package==2\n")

    machine.setup()

    noted = machine.notes()
    assert "-r requirements.txt" in noted
    assert "-m venv" not in noted


def test_what_tests_need_contains_what_the_service_needs(machine: Machine) -> None:
    machine.setup("requirements-dev.txt")
    machine.notes()

    machine.setup("requirements.txt")

    assert machine.notes() == ""


def test_a_uv_that_is_there_is_used(machine: Machine) -> None:
    machine.add("uv", UV)

    machine.setup()

    noted = machine.notes()
    assert "requirements-uv.txt" not in noted
    assert "uv pip install" in noted


def test_pip_does_what_uv_cannot(machine: Machine) -> None:
    machine.add("uv", UV)

    done = machine.setup(UV_FAILS="1")

    assert done.returncode == 0
    assert "uv could not install them (see .venv/uv.log); trying pip ..." in done.stderr
    assert "--require-hashes -r requirements.txt" in machine.notes().splitlines()[-1]


def test_without_uv_pip_installs_the_same(machine: Machine) -> None:
    done = machine.setup(UV_FAILS="1")

    assert done.returncode == 0
    assert "uv could not" not in done.stderr
    assert machine.notes().splitlines()[-1].startswith("python -m pip install --quiet")


def test_packages_that_cannot_be_installed_are_said_and_tried_again(machine: Machine) -> None:
    failed = machine.setup(UV_FAILS="1", PIP_FAILS="1")
    machine.notes()
    again = machine.setup()

    assert failed.returncode == 1
    assert failed.stderr.endswith(
        "bin/setup: the packages of requirements.txt could not be installed.\n"
    )
    assert again.returncode == 0
    assert "-r requirements.txt" in machine.notes()


def test_a_broken_environment_is_made_anew(machine: Machine) -> None:
    machine.setup()
    machine.notes()
    (machine.project / ".venv" / "bin" / "python").unlink()
    (machine.project / ".venv" / "bin" / "python").symlink_to("/nowhere/python")

    machine.setup()

    assert "python -m venv .venv" in machine.notes()


@pytest.mark.parametrize("environ", [{"TOO_OLD": "1"}, {"NO_VENV": "1"}])
def test_a_debian_without_all_of_python_is_told_what_to_install(
    machine: Machine, environ: dict[str, str]
) -> None:
    machine.add("apt-get", APT)

    done = machine.setup(**environ)

    assert done.returncode == 1
    assert done.stderr.endswith("Run: sudo apt-get install -y python3 python3-venv\n")
    assert "apt-get" not in machine.notes()


def test_root_on_a_debian_without_venv_has_it_installed(machine: Machine) -> None:
    machine.add("apt-get", APT)
    machine.add("id", "#!/bin/sh\necho 0\n")

    done = machine.setup(NO_VENV="1")

    assert "Python's venv module is missing. Installing python3 and python3-venv" in done.stderr
    assert "apt-get install -y -qq --no-install-recommends python3 python3-venv" in machine.notes()


def test_another_system_without_python_is_told_in_a_sentence(machine: Machine) -> None:
    (machine.programs / "python3").unlink()

    done = machine.setup()

    assert (done.returncode, done.stderr) == (
        1,
        "bin/setup: Python 3.11 or newer is needed.\n",
    )


def test_a_python_of_ones_choice_that_is_too_old_is_refused(machine: Machine) -> None:
    done = machine.setup(PYTHON="python3", TOO_OLD="1")

    assert (done.returncode, done.stderr) == (
        1,
        "bin/setup: PYTHON=python3 is not Python 3.11 or newer.\n",
    )


def test_requirements_that_are_not_there_are_named(machine: Machine) -> None:
    done = machine.setup("requirements-none.txt")

    assert done.returncode != 0
    assert "requirements-none.txt" in done.stderr
