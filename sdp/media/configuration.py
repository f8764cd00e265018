"""The media worker's settings, from the environment only. Wrong values refuse the start."""

from __future__ import annotations

import ipaddress
import re
import shlex
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sdp.media.fetching import FetchPolicy
from sdp.media.speech.program import SpeechSettings, passed_on
from sdp.media.speech.script import LANGUAGE
from sdp.media.stream import Limits
from sdp.profile import is_public

DEFAULT_LISTEN = "127.0.0.1:9000"
DEFAULT_PORT_RANGE = "40000-40999"
DEFAULT_CAPACITY = "200"
DEFAULT_MAX_LOAD = "85"
DEFAULT_DRAIN_SECONDS = "5"
_ANYWHERE = ("192.0.2.1", 9)  # RFC 5737: routed like any public address, and nobody's


class ConfigurationError(ValueError):
    """A setting is missing or wrong; the message names the variable, never its value."""


@dataclass(frozen=True, slots=True)
class Listen:
    """Where the HTTP server listens: a Unix socket, or an address and port."""

    path: str = ""
    host: str = ""
    port: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """All settings of one worker."""

    secret: str = field(repr=False)
    listen: Listen
    advertised_ip: str
    bind_ip: str
    ports: range
    data_dir: Path
    capacity: int
    max_load: float  # 1: a whole core
    drain_seconds: float
    public_peers_only: bool
    fetch_policy: FetchPolicy
    speech: SpeechSettings
    limits: Limits

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Configuration:
        """:raises ConfigurationError: a variable is missing or wrong."""
        advertised = _advertised_ip(environ)
        return cls(
            secret=_secret(environ),
            listen=_listen(environ.get("MEDIA_LISTEN") or DEFAULT_LISTEN),
            advertised_ip=advertised,
            bind_ip=_bind_ip(environ, advertised),
            ports=_ports(environ.get("MEDIA_PORT_RANGE") or DEFAULT_PORT_RANGE),
            data_dir=Path(environ.get("DATA_DIR") or "var").absolute(),
            capacity=int(_number(environ, "MEDIA_CAPACITY", DEFAULT_CAPACITY)),
            max_load=_number(environ, "MEDIA_MAX_LOAD", DEFAULT_MAX_LOAD) / 100,
            drain_seconds=_number(environ, "MEDIA_DRAIN_SECONDS", DEFAULT_DRAIN_SECONDS),
            public_peers_only=_public_only(environ, advertised),
            fetch_policy=_fetch_policy(environ),
            speech=_speech(environ),
            limits=_limits(environ),
        )


def _secret(environ: Mapping[str, str]) -> str:
    secret = environ.get("MEDIA_SECRET", "")
    path = environ.get("MEDIA_SECRET_FILE", "")
    if not secret and path:
        try:
            secret = Path(path).read_text().strip()
        except OSError as error:
            raise ConfigurationError("MEDIA_SECRET_FILE cannot be read") from error
    if not secret:
        raise ConfigurationError("MEDIA_SECRET is needed")
    return secret


def _listen(value: str) -> Listen:
    if value.startswith("unix:") and len(value) > len("unix:"):
        return Listen(path=value.removeprefix("unix:"))
    host, _, port = value.rpartition(":")
    if host and port.isascii() and port.isdigit() and int(port) < 65536:
        return Listen(host=host.strip("[]"), port=int(port))
    raise ConfigurationError("MEDIA_LISTEN: unix:/path or address:port is needed")


def _ip(name: str, value: str) -> str:
    try:
        return str(ipaddress.ip_address(value))
    except ValueError:
        raise ConfigurationError(f"{name}: an IP address is needed") from None


def _advertised_ip(environ: Mapping[str, str]) -> str:
    """The address that peers send to: as configured, or that of the route to the Internet."""
    value = environ.get("MEDIA_ADVERTISED_IP", "")
    if value:
        return _ip("MEDIA_ADVERTISED_IP", value)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(_ANYWHERE)  # sends nothing: UDP
            return str(probe.getsockname()[0])
        except OSError:
            return "127.0.0.1"


def _bind_ip(environ: Mapping[str, str], advertised: str) -> str:
    """The advertised address if it is one of this host, else all (it is a NAT's, then)."""
    value = environ.get("MEDIA_BIND_IP", "")
    if value:
        return _ip("MEDIA_BIND_IP", value)
    family = socket.AF_INET6 if ":" in advertised else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((advertised, 0))
        except OSError:
            return "::" if family is socket.AF_INET6 else "0.0.0.0"  # noqa: S104 - media ports
    return advertised


def _ports(value: str) -> range:
    match = re.fullmatch(r"([0-9]{1,5})-([0-9]{1,5})", value)
    first, last = (int(match[1]), int(match[2])) if match else (0, 0)
    if not 1024 <= first <= last <= 65535:
        raise ConfigurationError("MEDIA_PORT_RANGE: two ports such as 40000-40999 are needed")
    return range(first, last + 1)


def _number(environ: Mapping[str, str], name: str, default: str) -> float:
    value = environ.get(name) or default
    if not re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,3})?", value):
        raise ConfigurationError(f"{name}: a number is needed")
    return float(value)


def _switch(environ: Mapping[str, str], name: str) -> bool | None:
    value = environ.get(name, "").lower()
    if value in ("1", "on", "true", "yes"):
        return True
    if value in ("0", "off", "false", "no"):
        return False
    if value:
        raise ConfigurationError(f"{name}: on or off is needed")
    return None


def _public_only(environ: Mapping[str, str], advertised: str) -> bool:
    """Ignore peers' candidates inside private networks? By default exactly when we are outside."""
    stated = _switch(environ, "MEDIA_PUBLIC_PEERS_ONLY")
    return is_public(ipaddress.ip_address(advertised)) if stated is None else stated


def _fetch_policy(environ: Mapping[str, str]) -> FetchPolicy:
    """Where prompts may be fetched from: MEDIA_FETCH_HTTP allows http, MEDIA_FETCH_NETWORKS
    (such as `10.0.0.0/8,fd00::/8`) allows private networks."""
    texts = [text for text in environ.get("MEDIA_FETCH_NETWORKS", "").split(",") if text.strip()]
    try:
        networks = tuple(ipaddress.ip_network(text.strip()) for text in texts)
    except ValueError:
        raise ConfigurationError("MEDIA_FETCH_NETWORKS: networks such as 10.0.0.0/8") from None
    return FetchPolicy(bool(_switch(environ, "MEDIA_FETCH_HTTP")), networks)


def _speech(environ: Mapping[str, str]) -> SpeechSettings:
    language = environ.get("MEDIA_SPEECH_LANGUAGE") or "en"
    if not LANGUAGE.fullmatch(language):
        raise ConfigurationError("MEDIA_SPEECH_LANGUAGE: a language such as en-gb is needed")
    try:
        command = shlex.split(environ.get("MEDIA_SPEECH_COMMAND", ""))
    except ValueError:
        raise ConfigurationError("MEDIA_SPEECH_COMMAND: a quotation mark is missing") from None
    return SpeechSettings(
        command=tuple(command),
        language=language.lower(),
        processes=max(int(_number(environ, "MEDIA_SPEECH_PROCESSES", "2")), 1),
        silence_seconds=_number(environ, "MEDIA_SPEECH_SECONDS", "5"),
        environ=passed_on(environ),
    )


def _limits(environ: Mapping[str, str]) -> Limits:
    names = {
        "ice": "MEDIA_ICE_SECONDS",
        "dtls": "MEDIA_DTLS_SECONDS",
        "start": "MEDIA_START_SECONDS",
        "first_packet": "MEDIA_FIRST_PACKET_SECONDS",
        "gap": "MEDIA_GAP_SECONDS",
        "idle": "MEDIA_IDLE_SECONDS",
        "muted": "MEDIA_MUTED_SECONDS",
        "linger": "MEDIA_LINGER_SECONDS",
    }
    given = {key: _number(environ, name, "") for key, name in names.items() if environ.get(name)}
    return Limits(**given)
