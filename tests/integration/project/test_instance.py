"""Folders and the lock of an instance."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from project import instance, places

HOLD = "import os, sys; print('held', flush=True); sys.stdin.read()"


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_every_folder_is_made_for_us_only(tmp_path: Path) -> None:
    data_dir = tmp_path / "deep" / "data"

    instance.make_folders(data_dir)

    names = {path.name for path in data_dir.iterdir()}
    assert names == {"valkey", "recordings", "prompts", "run"}
    assert {mode_of(path) for path in [data_dir, *data_dir.iterdir()]} == {0o700}


def test_making_the_folders_again_changes_nothing(tmp_path: Path) -> None:
    instance.make_folders(tmp_path)
    (tmp_path / "recordings" / "kept.ogg").touch()

    instance.make_folders(tmp_path)

    assert (tmp_path / "recordings" / "kept.ogg").exists()


def test_a_folder_for_sockets_that_others_could_enter_is_closed(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir(mode=0o755)

    instance.make_folders(tmp_path)

    assert mode_of(tmp_path / "run") == 0o700


def test_a_link_in_place_of_the_folder_for_sockets_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data_dir = tmp_path / ("d" * 120)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    places.runtime_folder(data_dir).symlink_to(elsewhere)

    with pytest.raises(instance.NotOurs, match="belongs to somebody else"):
        instance.make_folders(data_dir)


def test_a_long_data_folder_gets_a_folder_for_sockets_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data_dir = tmp_path / ("d" * 120)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    instance.make_folders(data_dir)

    assert mode_of(places.runtime_folder(data_dir)) == 0o700
    assert not (data_dir / "run").exists()


def test_a_stopped_instance_leaves_no_sockets_and_no_folder_outside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    for data_dir in (tmp_path / "near", tmp_path / ("d" * 120)):
        instance.make_folders(data_dir)
        places.media_socket(data_dir).touch()

        instance.clear_sockets(data_dir)
        instance.clear_sockets(data_dir)

        assert list(data_dir.glob("run/*")) == []
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("switchhook-")] == []


def test_a_second_instance_in_the_same_folder_is_refused_at_once(tmp_path: Path) -> None:
    lock = instance.lock(tmp_path, wait_seconds=0)

    with pytest.raises(instance.InUse) as refused:
        instance.lock(tmp_path, wait_seconds=60)

    assert str(refused.value) == (
        f"Switchhook already runs with the data folder {tmp_path} (process {os.getpid()}). "
        "Stop it, or choose another: DATA_DIR=var2 PORT=8001 bin/up"
    )
    os.close(lock)


def test_the_lock_is_free_again_when_its_holder_is_done(tmp_path: Path) -> None:
    os.close(instance.lock(tmp_path, wait_seconds=0))

    os.close(instance.lock(tmp_path, wait_seconds=0))


def test_what_a_killed_instance_left_running_is_waited_for(tmp_path: Path) -> None:
    lock = instance.lock(tmp_path, wait_seconds=0)
    left = subprocess.Popen(
        [sys.executable, "-c", HOLD],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        pass_fds=(lock,),
    )
    assert left.stdin is not None
    assert left.stdout is not None
    left.stdout.readline()
    os.close(lock)
    (tmp_path / "up.lock").write_text("999999999")  # the supervisor itself is gone

    with pytest.raises(instance.InUse, match="^Programs of a killed instance still use"):
        instance.lock(tmp_path, wait_seconds=0.1)
    left.stdin.close()
    left.wait()
    left.stdout.close()

    os.close(instance.lock(tmp_path, wait_seconds=5))


@pytest.mark.parametrize("contents", ["", "not a number", "0x10"])
def test_a_damaged_lock_file_is_no_obstacle(tmp_path: Path, contents: str) -> None:
    (tmp_path / "up.lock").write_text(contents)

    lock = instance.lock(tmp_path, wait_seconds=0)

    assert (tmp_path / "up.lock").read_text() == str(os.getpid())
    os.close(lock)
