"""The engines that are compared: how each is started. All are spoken to through `control`."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from bench.control import SECRET

PORTS = "21000-24999"
CAPACITY = "4000"


@dataclass(frozen=True, slots=True)
class Engine:
    """:param reference: the engine that the others' ratios are to."""

    name: str
    module: str
    title: str
    reference: bool = False

    def command(self) -> list[str]:
        """`python -m` the engine, with the interpreter that runs the benchmark."""
        return [sys.executable, "-m", self.module]

    def environment(self, folder: Path) -> dict[str, str]:
        """Configured as in production, but for loopback and without a limit of calls."""
        return {
            "MEDIA_SECRET": SECRET,
            "MEDIA_LISTEN": f"unix:{control_socket(folder)}",
            "MEDIA_ADVERTISED_IP": "127.0.0.1",
            "MEDIA_PORT_RANGE": PORTS,
            "MEDIA_CAPACITY": CAPACITY,
            "MEDIA_MAX_LOAD": "0",  # the knee is to be found, so nothing is refused before it
            "MEDIA_DRAIN_SECONDS": "0",
            "MEDIA_FETCH_HTTP": "on",  # for a WebSocket on loopback
            "MEDIA_FETCH_NETWORKS": "127.0.0.0/8",
            "DATA_DIR": str(folder),
        }


def control_socket(folder: Path) -> Path:
    """Where an engine that works in `folder` listens."""
    return folder / "control"


SWITCHHOOK = Engine("switchhook", "sdp.media", "the media worker of this tree")
AIORTC = Engine(
    "aiortc", "bench.aiortc_engine", f"aiortc {version('aiortc')} as published", reference=True
)
ENGINES = {engine.name: engine for engine in (SWITCHHOOK, AIORTC)}
