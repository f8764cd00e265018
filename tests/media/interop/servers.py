"""Media servers as WhatsApp's relay: ICE-lite offers to us, plain RTP to the phone behind them."""

from __future__ import annotations

import json
import secrets
import shutil
import socket
import subprocess
import threading
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

PATIENCE = 10.0


def executable(name: str) -> str:
    """:raises FileNotFoundError: it is not installed; the message says what to do."""
    found = shutil.which(name)
    if found is None:
        raise FileNotFoundError(f"{name} is missing: run bin/peers")
    return found


def own_address() -> str:
    """This machine's address; what is sent to it never leaves the machine."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # sends nothing
        return str(probe.getsockname()[0])


class Server(ABC):
    """A process with one call in it. `offer`, then `answer`."""

    name: str
    address = "127.0.0.1"  # of its media

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def open(self) -> None:
        """Start it, and wait until it answers."""
        deadline = time.monotonic() + PATIENCE
        command = self._command()
        self._start(command)
        while not self._is_ready():
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.name} does not answer")
            if self._process is not None and self._process.poll() is not None:
                # Janus gives up when the thread of its socket runs before it is ready for it
                self._start(command)
            threading.Event().wait(0.02)

    def _start(self, command: list[str]) -> None:
        with (self._folder / "log").open("wb") as log:
            self._process = subprocess.Popen(command, cwd=self._folder, stdout=log, stderr=log)

    @abstractmethod
    def _command(self) -> list[str]: ...

    @abstractmethod
    def _is_ready(self) -> bool: ...

    @abstractmethod
    def offer(self, plain: str) -> str:
        """The WebRTC offer made of a phone's."""

    @abstractmethod
    def answer(self, webrtc: str) -> str:
        """The phone's answer made of a WebRTC one."""

    def close(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()


class Janus(Server):
    """Janus with its NoSIP plugin alone, spoken to on a Unix socket. ICE by libnice."""

    name = "janus"
    address = own_address()  # libnice leaves 127.0.0.1 out
    _PARTS = {"plugins": "libjanus_nosip.so", "transports": "libjanus_pfunix.so"}

    def _command(self) -> list[str]:
        program, folder = executable("janus"), self._folder
        for kind in ("plugins", "transports", "events", "loggers"):
            (folder / kind).mkdir()
        for kind, part in self._PARTS.items():
            (installed,) = Path("/usr/lib").glob(f"*/janus/{kind}/{part}")
            (folder / kind / part).symlink_to(installed)
        general = "\n".join(
            f'{kind}_folder = "{folder / kind}"' for kind in ("plugins", "transports", "events")
        )
        self._write("janus", f'general: {{\n{general}\nloggers_folder = "{folder / "loggers"}"\n}}')
        self._write("janus.plugin.nosip", 'general: { local_ip = "127.0.0.1" }')
        api = f'enabled = true path = "{folder / "api"}" type = "SOCK_SEQPACKET"'
        self._write("janus.transport.pfunix", f"general: {{ {api} }}")
        configuration = str(folder / "janus.jcfg")
        ports = "--rtp-port-range=45000-45999"
        return [program, "-C", configuration, "-F", str(folder), "--ice-lite", ports]

    def _write(self, name: str, text: str) -> None:
        (self._folder / f"{name}.jcfg").write_text(text)

    def _is_ready(self) -> bool:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket.settimeout(PATIENCE)
        try:
            self._socket.connect(str(self._folder / "api"))
        except OSError:
            self._socket.close()
            return False
        self._ids = {"session_id": self._ask(janus="create")["data"]["id"]}
        attached = self._ask(janus="attach", plugin="janus.plugin.nosip")
        self._ids["handle_id"] = attached["data"]["id"]
        return True

    def _ask(self, **request: Any) -> dict[str, Any]:
        request |= getattr(self, "_ids", {}) | {"transaction": secrets.token_hex(4)}
        self._socket.send(json.dumps(request).encode())
        while True:
            reply: dict[str, Any] = json.loads(self._socket.recv(65536))
            is_mine = reply.get("transaction") == request["transaction"]
            if is_mine and reply["janus"] != "ack":
                return reply

    def offer(self, plain: str) -> str:
        body = {"request": "process", "type": "offer", "sdp": plain}
        return str(self._ask(janus="message", body=body)["jsep"]["sdp"])

    def answer(self, webrtc: str) -> str:
        jsep = {"type": "answer", "sdp": webrtc}
        reply = self._ask(janus="message", body={"request": "generate"}, jsep=jsep)
        return str(reply["plugindata"]["data"]["result"]["sdp"])

    def close(self) -> None:
        super().close()
        self._socket.close()


class RtpEngine(Server):
    """rtpengine, spoken to by its NG protocol. ICE, RTP and SRTP of its own."""

    name = "rtpengine"
    _CALL = {"call-id": "c1", "from-tag": "phone"}

    def _command(self) -> list[str]:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.settimeout(0.2)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
            free.bind(("127.0.0.1", 0))
            self._address = free.getsockname()
        return [
            executable("rtpengine"),
            "--foreground",
            "--log-stderr",
            "--table=-1",  # no kernel module
            "--interface=127.0.0.1",
            f"--listen-ng=127.0.0.1:{self._address[1]}",
            "--port-min=46000",
            "--port-max=46999",
            "--num-threads=2",
            "--media-num-threads=1",
        ]

    def _is_ready(self) -> bool:
        try:
            return bool(self._ask(command="ping")["result"] == "pong")
        except OSError:
            return False

    def _ask(self, **request: Any) -> dict[str, Any]:
        """One request; a UDP reply that is lost costs the test, on loopback none is."""
        cookie = secrets.token_hex(4).encode()
        self._socket.sendto(cookie + b" " + _bencode(request), self._address)
        reply = self._socket.recv(65536).removeprefix(cookie + b" ")
        decoded: dict[str, Any] = _bdecode(reply, 0)[0]
        return decoded

    def offer(self, plain: str) -> str:
        webrtc = {
            "transport protocol": "UDP/TLS/RTP/SAVPF",
            "ICE": "force",
            "ICE-lite": "forward",
            "rtcp-mux": ["require"],
            "SDES": ["off"],
            "flags": ["generate mid"],
        }
        return str(self._ask(command="offer", sdp=plain, **self._CALL, **webrtc)["sdp"])

    def answer(self, webrtc: str) -> str:
        plain = {"to-tag": "worker", "transport protocol": "RTP/AVP", "ICE": "remove"}
        return str(self._ask(command="answer", sdp=webrtc, **self._CALL, **plain)["sdp"])

    def close(self) -> None:
        super().close()
        self._socket.close()


def _bencode(value: Any) -> bytes:
    if isinstance(value, dict):
        return b"d" + b"".join(_bencode(k) + _bencode(v) for k, v in value.items()) + b"e"
    if isinstance(value, list):
        return b"l" + b"".join(map(_bencode, value)) + b"e"
    data = str(value).encode()
    return b"%d:%s" % (len(data), data)


def _bdecode(data: bytes, at: int) -> tuple[Any, int]:
    """The value that begins at `at`, and where it ends."""
    kind = data[at : at + 1]
    if kind == b"i":
        end = data.index(b"e", at)
        return int(data[at + 1 : end]), end + 1
    if kind in (b"d", b"l"):
        values, at = [], at + 1
        while data[at : at + 1] != b"e":
            value, at = _bdecode(data, at)
            values.append(value)
        is_dict = kind == b"d"
        return dict(zip(values[::2], values[1::2], strict=True)) if is_dict else values, at + 1
    colon = data.index(b":", at)
    end = colon + 1 + int(data[at:colon])
    return data[colon + 1 : end].decode(), end
