"""Command line and environment of the simulator. Pure."""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from simulator.accounts import PhoneNumber

_NUMBER_FLAGS = {
    "phone-number-id": ("771030456128844", "id of the business number"),
    "display-phone-number": ("551155501234", "digits of the business number"),
    "waba-id": ("884412097316520", "id of the WhatsApp business account"),
    "app-secret": ("simulated-app-secret", "signs webhooks"),
    "access-token": ("simulated-access-token", "bearer token for the Graph endpoints"),
    "verify-token": ("simulated-verify-token", "for the handshake of the webhook"),
    "webhook-url": ("http://127.0.0.1:8000/webhooks/whatsapp/", "where webhooks are delivered"),
}


@dataclass(frozen=True)
class Options:
    """How the simulator was started."""

    host: str
    port: int
    time_scale: float
    strict_keys: bool
    sound_dir: Path | None
    number: PhoneNumber


def parse(arguments: Sequence[str], environment: Mapping[str, str]) -> Options:
    """Read flags; each has a variable SIMULATOR_<NAME>, and the flag wins.

    :raises SystemExit: a flag is wrong (argparse has told the user).
    """
    parser = argparse.ArgumentParser(
        prog="python -m simulator",
        description="A WhatsApp to call with, for tests and for trying things out.",
    )

    def add(name: str, default: str, text: str, kind: type = str) -> None:
        variable = "SIMULATOR_" + name.upper().replace("-", "_")
        parser.add_argument(
            f"--{name}",
            default=environment.get(variable, default),
            type=kind,
            help=f"{text} ({variable}; default {default})",
        )

    add("host", "127.0.0.1", "address for HTTP and media")
    add("port", "0", "port for HTTP, 0 takes a free one", int)
    add("time-scale", "1.0", "0.1 lets Meta's timers run ten times as fast", float)
    add("strict-keys", "0", "1 refuses unknown keys in bodies of /calls", int)
    add("sound-dir", "", "keep what users heard as WAV files there")
    for name, (default, text) in _NUMBER_FLAGS.items():
        add(name, default, text)
    found = vars(parser.parse_args(arguments))
    if found["time_scale"] <= 0:
        parser.error("--time-scale must be more than 0")
    number = PhoneNumber(
        **{name.replace("-", "_"): found[name.replace("-", "_")] for name in _NUMBER_FLAGS}
    )
    return Options(
        host=found["host"],
        port=found["port"],
        time_scale=found["time_scale"],
        strict_keys=bool(found["strict_keys"]),
        sound_dir=Path(found["sound_dir"]) if found["sound_dir"] else None,
        number=number,
    )
