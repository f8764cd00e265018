"""Every environment variable of the service: its type, default and meaning, in one table.

`read()` turns an environment into an `Environment`, or names everything that is wrong with it at
once. A secret may also come from the file named by `<NAME>_FILE`, or from the file that `bin/up`
made under `DATA_DIR/secrets`. `docs/reference/settings.md` is made from this table.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from project import parsers

# Where `bin/up` keeps what it generated, below DATA_DIR; one file per secret, named in lower case.
SECRETS_FOLDER = "secrets"
# The simulator's credentials are kept apart: they must never mix with a real WhatsApp account.
SIMULATOR_SECRETS_FOLDER = "secrets/simulator"
WHATSAPP_PREFIX = "WHATSAPP_"
SIMULATOR_PHONE_NUMBER_ID = "106540352242922"


class BadEnvironment(Exception):
    """The environment cannot be used; the message names every bad variable and why."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


def variable(
    parse: Callable[[str], object],
    default: str,
    about: str,
    *,
    secret: bool = False,
    shown: str | None = None,
) -> Any:  # dataclass fields are typed by their annotation; the value is put in by read()
    """One row of the table: how it is read, what it is when absent, what it is for.

    `default` is text as one would write it in the environment; `shown` replaces it in the
    documentation where the real default is computed.
    """
    metadata = {"parse": parse, "default": default, "about": about, "secret": secret}
    return dataclasses.field(metadata={**metadata, "shown": default if shown is None else shown})


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """What the environment says. A field is the variable of the same name in capitals."""

    # -- the process
    data_dir: Path = variable(
        parsers.folder,
        "var",
        "Where everything that must survive a restart lives: the SQLite database, recordings, "
        "generated secrets, the embedded broker's log.",
    )
    host: str = variable(
        parsers.text, "127.0.0.1", "The address the web server listens on under `bin/up`."
    )
    port: int = variable(
        parsers.number(1, 65535), "8000", "The port the web server listens on under `bin/up`."
    )
    public_url: str = variable(
        parsers.url,
        "",
        "How the world reaches the service, for example `https://calls.example.com`. With `https` "
        "cookies are sent over TLS only, plain HTTP is redirected, and `X-Forwarded-Proto` of the "
        "proxy in front is trusted.",
        shown="`http://HOST:PORT`",
    )
    debug: bool = variable(
        parsers.flag, "off", "Django's debug pages. Never on a machine that others can reach."
    )
    log_level: str = variable(
        parsers.choice("DEBUG", "INFO", "WARNING", "ERROR"),
        "INFO",
        "The least severe log line written: DEBUG, INFO, WARNING or ERROR.",
    )
    time_zone: str = variable(
        parsers.time_zone, "UTC", "The time zone of the admin's pages. Stored times are always UTC."
    )
    # -- the web
    secret_key: str = variable(
        parsers.text, "", "Django's secret key: signs sessions and forms.", secret=True
    )
    allowed_hosts: tuple[str, ...] = variable(
        parsers.words,
        "",
        "Host names the web server answers to, separated by commas.",
        shown="`localhost`, `127.0.0.1`, `[::1]`, HOST and the host of PUBLIC_URL",
    )
    csrf_trusted_origins: tuple[str, ...] = variable(
        parsers.words,
        "",
        "Origins whose forms are accepted, separated by commas, each with its scheme.",
        shown="the origin of PUBLIC_URL",
    )
    web_processes: int = variable(
        parsers.number(1, 64),
        "1",
        "Web server processes under `bin/up`. More than one only with PostgreSQL.",
    )
    web_threads: int = variable(
        parsers.number(1, 64), "4", "Threads of each web server process under `bin/up`."
    )
    worker_threads: int = variable(
        parsers.number(1, 256), "8", "Threads of the Celery worker under `bin/up`."
    )
    # -- database and broker
    database_url: str = variable(
        parsers.database_url,
        "",
        "The database, for example `postgres://user:password@host:5432/switchhook`.",
        secret=True,
        shown="SQLite in DATA_DIR",
    )
    database_statement_timeout: float = variable(
        parsers.seconds(0, 3600),
        "10",
        "Seconds after which PostgreSQL gives a statement up; 0 is never. `migrate` ignores it.",
    )
    celery_broker_url: str = variable(
        parsers.url,
        "",
        "Redis or Valkey, for example `redis://:password@host:6379/0`.",
        secret=True,
        shown="the embedded Valkey of `bin/up`, on a unix socket",
    )
    # -- WhatsApp
    graph_api_url: str = variable(
        parsers.url,
        "",
        "Meta's Graph API. Point it elsewhere for a proxy or a simulator.",
        shown="`https://graph.facebook.com`, or the simulator when no WHATSAPP_* is set",
    )
    graph_api_version: str = variable(
        parsers.graph_version, "v25.0", "The version of the Graph API that requests name."
    )
    whatsapp_app_secret: tuple[str, ...] = variable(
        parsers.words,
        "",
        "The Meta app's secret, which signs every webhook. Several, separated by commas, are "
        "valid at once: that is how a secret is rotated.",
        secret=True,
    )
    whatsapp_verify_token: str = variable(
        parsers.text,
        "",
        "The word that Meta must repeat when the webhook is subscribed. Choose a long random one.",
        secret=True,
    )
    whatsapp_access_token: str = variable(
        parsers.text,
        "",
        "The access token of WHATSAPP_PHONE_NUMBER_ID; kept encrypted in the database.",
        secret=True,
    )
    whatsapp_phone_number_id: str = variable(
        parsers.digits, "", "Meta's id of the number that takes calls. It exists after start."
    )
    # -- calls
    default_answer_policy: str = variable(
        parsers.choice("answer", "ring", "manual", "reject"),
        "answer",
        "What a new number does with an inbound call: answer, ring, manual or reject.",
    )
    default_ring_seconds: int = variable(
        parsers.number(0, 25), "15", "How long a new number with the policy `ring` rings."
    )
    record_calls: bool = variable(parsers.flag, "off", "Whether a new number records its calls.")
    answer_window_seconds: float = variable(
        parsers.seconds(1, 29), "25", "An offer older than this is never accepted."
    )
    media_wait_seconds: float = variable(
        parsers.seconds(0, 20), "3", "How long an accept waits for the audio path before it goes."
    )
    max_call_seconds: int = variable(
        parsers.number(10, 86400), "7200", "The longest call; then we hang up."
    )
    dial_lists_max_calls: int = variable(
        parsers.number(1, 10000), "50", "Calls of all dial lists of one number at a time."
    )
    encryption_keys: tuple[str, ...] = variable(
        parsers.fernet_keys,
        "",
        "Fernet keys for credentials in the database, separated by commas. The first encrypts, "
        "all decrypt: that is how a key is rotated.",
        secret=True,
    )
    # -- media
    media_worker_urls: tuple[str, ...] = variable(
        parsers.words,
        "",
        "The media workers, separated by commas: `http://host:port` or `unix:/path`.",
        shown="the media worker of `bin/up`, on a unix socket",
    )
    media_secret: str = variable(
        parsers.text, "", "What Django and the media workers prove themselves with.", secret=True
    )
    media_advertised_ip: str = variable(
        parsers.ip_address,
        "",
        "The public IP address that callers send audio to.",
        shown="this machine's own address",
    )
    media_port_range: tuple[int, int] = variable(
        parsers.port_range, "40000-40999", "UDP ports for audio; open them in the firewall."
    )
    media_capacity: int = variable(
        parsers.number(1, 10000), "200", "Calls that one media worker takes at a time."
    )
    media_drain_seconds: float = variable(
        parsers.seconds(0, 86400), "5", "How long a media worker told to stop lets calls go on."
    )
    # -- media workers only (sdp.media.configuration reads them; checked here before they start)
    media_max_load: int = variable(
        parsers.number(0, 100),
        "85",
        "How busy a media worker may be, in percent, before it refuses new calls; 0: never.",
    )
    media_listen: str = variable(
        parsers.text,
        "127.0.0.1:9000",
        "Where a media worker listens for Django: `address:port` or `unix:/path`. `bin/up` "
        "chooses a unix socket.",
    )
    media_bind_ip: str = variable(
        parsers.ip_address,
        "",
        "The local address whose UDP ports are opened.",
        shown="MEDIA_ADVERTISED_IP where it is this machine's, else all addresses",
    )
    media_public_peers_only: bool | None = variable(
        parsers.optional(parsers.flag),
        "",
        "Whether addresses inside private networks are refused as the far end of a call.",
        shown="on exactly when MEDIA_ADVERTISED_IP is a public address",
    )
    media_fetch_http: bool = variable(
        parsers.flag,
        "off",
        "Whether prompts may be fetched by http, and streams go to ws, not only https and wss.",
    )
    media_fetch_networks: str = variable(
        parsers.text,
        "",
        "Private networks that prompts may be fetched from and streams go to, such as `10.0.0.0/8,fd00::/8`.",
        shown="none",
    )
    media_speech_command: str = variable(
        parsers.text,
        "",
        "The program that speaks, with its arguments; see docs/howto/use-another-voice.md.",
        shown="eSpeak NG, which comes with Switchhook",
    )
    media_speech_language: str = variable(
        parsers.text, "en", "The language of speech that names none."
    )
    media_speech_processes: int = variable(
        parsers.number(1, 64), "2", "How many programs that speak one media worker runs at most."
    )
    media_speech_seconds: float = variable(
        parsers.seconds(0, 3600),
        "5",
        "A program that speaks and writes nothing for so long is killed.",
    )
    media_ice_seconds: float = variable(
        parsers.seconds(0, 3600), "20", "How long the network path of a call may take to open."
    )
    media_dtls_seconds: float = variable(
        parsers.seconds(0, 3600), "10", "How long the encryption of a call may take to begin."
    )
    media_start_seconds: float = variable(
        parsers.seconds(0, 3600), "120", "How long a connected call may wait for its accept."
    )
    media_first_packet_seconds: float = variable(
        parsers.seconds(0, 3600), "15", "How long an accepted call may be without any sound."
    )
    media_gap_seconds: float = variable(
        parsers.seconds(0, 3600), "5", "How long the sound of a call may stop before that is told."
    )
    media_idle_seconds: float = variable(
        parsers.seconds(0, 3600), "30", "How long the sound of a call may stop before it ends."
    )
    media_muted_seconds: float = variable(
        parsers.seconds(0, 3600), "5", "How long a caller may send only silence before it is told."
    )
    media_linger_seconds: float = variable(
        parsers.seconds(0, 3600), "60", "How long a failed call's figures are kept to be asked for."
    )
    # -- simulator
    simulator_port: int = variable(
        parsers.number(0, 65535),
        "0",
        "The port of the bundled WhatsApp simulator, started by `bin/up` when no WHATSAPP_* is "
        "set.",
        shown="PORT + 10000, or PORT - 10000 where that is too high",
    )
    simulated: bool = dataclasses.field(default=False, metadata={})


def table() -> list[dataclasses.Field[Any]]:
    """The variables in the order of documentation; each one's name is its field's in capitals."""
    return [field for field in dataclasses.fields(Environment) if field.metadata]


def read(environ: Mapping[str, str]) -> Environment:
    """Read and check every variable.

    :raises BadEnvironment: at least one cannot be used; all of them are named.
    """
    source = _Source(environ)
    values: dict[str, Any] = {}
    problems: list[str] = []
    for field in table():
        try:
            values[field.name] = field.metadata["parse"](source.find(field))
        except ValueError as problem:
            problems.append(f"{field.name.upper()}: {problem}")
    if problems:
        raise BadEnvironment(problems)
    return _complete(Environment(**values, simulated=source.simulated))


class _Source:
    """Where a variable's text comes from: the environment, `<NAME>_FILE`, a generated secret."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        try:
            data_dir = parsers.folder(environ.get("DATA_DIR") or "var")
        except ValueError:  # named with the others when its own turn comes
            data_dir = Path("/nowhere")
        self.secrets = data_dir / SECRETS_FOLDER
        self.simulator_secrets = data_dir / SIMULATOR_SECRETS_FOLDER
        configured = any(
            value for name, value in environ.items() if name.startswith(WHATSAPP_PREFIX)
        )
        self.simulated = not configured and self.simulator_secrets.is_dir()

    def find(self, field: dataclasses.Field[Any]) -> str:
        """The text of one variable, or its default.

        :raises ValueError: it is set twice, or its file cannot be read.
        """
        name = field.name.upper()
        given = self.environ.get(name, "")
        if not field.metadata["secret"]:
            return given or self._simulated(name) or str(field.metadata["default"])
        path = self.environ.get(f"{name}_FILE", "")
        if given and path:
            raise ValueError(f"set either {name} or {name}_FILE, not both")
        if path:
            return _contents(Path(path))
        return given or self._simulated(name) or self._generated(name)

    def _simulated(self, name: str) -> str:
        if not self.simulated or not name.startswith(WHATSAPP_PREFIX):
            return ""
        if name == "WHATSAPP_PHONE_NUMBER_ID":
            return SIMULATOR_PHONE_NUMBER_ID
        return _contents(self.simulator_secrets / name.lower())

    def _generated(self, name: str) -> str:
        path = self.secrets / name.lower()
        return _contents(path) if path.is_file() else ""


def _contents(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as problem:
        raise ValueError(f"the file {path} cannot be read: {problem}") from problem
    if not text:
        raise ValueError(f"the file {path} is empty")
    return text


def _complete(environment: Environment) -> Environment:
    """Fill in the defaults that follow from other variables."""
    port = environment.simulator_port or _beside(environment.port)
    graph = "https://graph.facebook.com"
    if environment.simulated:
        graph = f"http://127.0.0.1:{port}"
    host = f"[{environment.host}]" if ":" in environment.host else environment.host
    return dataclasses.replace(
        environment,
        simulator_port=port,
        graph_api_url=(environment.graph_api_url or graph).rstrip("/"),
        public_url=(environment.public_url or f"http://{host}:{environment.port}").rstrip("/"),
    )


def _beside(port: int) -> int:
    return port + 10000 if port + 10000 <= 65535 else port - 10000
