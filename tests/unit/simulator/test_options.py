from pathlib import Path

import pytest

from simulator.options import parse


def test_defaults_are_enough():
    options = parse([], {})

    assert (options.host, options.port, options.time_scale) == ("127.0.0.1", 0, 1.0)
    assert options.number.phone_number_id == "771030456128844"
    assert options.strict_keys is False
    assert options.sound_dir is None


def test_variables_are_read_and_flags_win():
    options = parse(
        ["--port", "9000"],
        {
            "SIMULATOR_PORT": "8000",
            "SIMULATOR_APP_SECRET": "s3cret",
            "SIMULATOR_TIME_SCALE": "0.1",
            "SIMULATOR_STRICT_KEYS": "1",
            "SIMULATOR_SOUND_DIR": "sounds",
        },
    )

    assert options.port == 9000
    assert options.number.app_secret == "s3cret"
    assert options.time_scale == 0.1
    assert options.strict_keys is True
    assert options.sound_dir == Path("sounds")


def test_secrets_are_not_printed_with_the_number():
    assert "s3cret" not in repr(parse(["--app-secret", "s3cret"], {}).number)


@pytest.mark.parametrize("arguments", [["--time-scale", "0"], ["--nonsense"], ["--port", "x"]])
def test_wrong_flags_end_the_program(arguments):
    with pytest.raises(SystemExit):
        parse(arguments, {})
