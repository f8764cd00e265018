"""Where an instance keeps its sockets."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from project import places


def test_sockets_live_in_the_data_folder_where_their_paths_fit() -> None:
    assert places.runtime_folder(Path("/srv/switchhook")) == Path("/srv/switchhook/run")
    assert places.broker_socket(Path("/srv/s")) == Path("/srv/s/run/valkey.sock")
    assert places.media_socket(Path("/srv/s")) == Path("/srv/s/run/media.sock")


def test_a_long_data_folder_gets_a_short_one_of_our_user_for_its_sockets() -> None:
    folder = places.runtime_folder(Path("/srv") / ("d" * 120))

    assert folder.parent == Path(tempfile.gettempdir())
    assert folder.name.startswith(f"switchhook-{os.getuid()}-")
    assert len(os.fsencode(folder / "valkey.sock")) <= 107


def test_two_long_data_folders_have_different_folders_for_sockets() -> None:
    one, other = (places.runtime_folder(Path("/srv") / (letter * 120)) for letter in "ab")

    assert one != other


def test_the_longest_path_that_fits_stays_in_the_data_folder() -> None:
    fits = Path("/" + "d" * (107 - len("//run/valkey.sock")))

    assert places.runtime_folder(fits) == fits / "run"
    assert places.runtime_folder(Path(f"{fits}d")).parent == Path(tempfile.gettempdir())
