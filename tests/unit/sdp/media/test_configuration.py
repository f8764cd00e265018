"""Settings: what is understood, what refuses the start."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import pytest

from sdp.media.configuration import Configuration, ConfigurationError, Listen
from sdp.media.fetching import FetchPolicy
from sdp.media.stream import Limits

LEAST = {"MEDIA_SECRET": "a secret", "MEDIA_ADVERTISED_IP": "127.0.0.1"}


def read(**environ: str) -> Configuration:
    return Configuration.from_environment({**LEAST, **environ})


def test_a_secret_is_all_that_is_needed():
    configuration = Configuration.from_environment({"MEDIA_SECRET": "a secret"})

    assert configuration.secret == "a secret"
    assert configuration.listen == Listen(host="127.0.0.1", port=9000)
    assert configuration.ports == range(40_000, 41_000)
    assert configuration.capacity == 200
    assert configuration.max_load == 0.85
    assert configuration.drain_seconds == 5.0
    assert configuration.data_dir == Path("var").absolute()
    assert configuration.limits == Limits()
    assert configuration.advertised_ip


def test_everything_can_be_set():
    configuration = read(
        MEDIA_LISTEN="unix:/run/media.sock",
        MEDIA_PORT_RANGE="50000-50001",
        MEDIA_CAPACITY="7",
        MEDIA_MAX_LOAD="90",
        MEDIA_DRAIN_SECONDS="0.5",
        MEDIA_BIND_IP="0.0.0.0",
        DATA_DIR="/data",
        MEDIA_ICE_SECONDS="1.5",
        MEDIA_IDLE_SECONDS="3",
    )

    assert configuration.listen == Listen(path="/run/media.sock")
    assert list(configuration.ports) == [50_000, 50_001]
    assert configuration.capacity == 7
    assert configuration.max_load == 0.9
    assert configuration.drain_seconds == 0.5
    assert configuration.bind_ip == "0.0.0.0"
    assert configuration.data_dir == Path("/data")
    assert configuration.limits == Limits(ice=1.5, idle=3.0)


def test_the_secret_may_be_in_a_file(tmp_path):
    path = tmp_path / "secret"
    path.write_text("from a file\n")

    configuration = Configuration.from_environment({"MEDIA_SECRET_FILE": str(path)})

    assert configuration.secret == "from a file"


def test_the_secret_is_not_shown():
    assert "a secret" not in repr(read())


@pytest.mark.parametrize(
    ("listen", "understood"),
    [("[::1]:80", Listen(host="::1", port=80)), ("10.0.0.1:0", Listen(host="10.0.0.1"))],
)
def test_listening_addresses_are_understood(listen, understood):
    assert read(MEDIA_LISTEN=listen).listen == understood


def test_the_media_ports_are_bound_to_the_advertised_address_if_it_is_ours():
    assert read().bind_ip == "127.0.0.1"
    assert read(MEDIA_ADVERTISED_IP="::1").bind_ip in ("::1", "::")


@pytest.mark.parametrize(
    ("advertised", "bound"), [("192.0.2.200", "0.0.0.0"), ("2001:db8::200", "::")]
)
def test_behind_a_nat_all_addresses_are_bound(advertised, bound):
    assert read(MEDIA_ADVERTISED_IP=advertised).bind_ip == bound


@pytest.mark.parametrize(
    ("advertised", "setting", "only_public"),
    [
        ("127.0.0.1", "", False),
        ("10.0.0.1", "", False),
        ("8.8.8.8", "", True),
        ("8.8.8.8", "off", False),
        ("127.0.0.1", "ON", True),
    ],
)
def test_private_peers_are_left_out_when_we_are_public(advertised, setting, only_public):
    configuration = read(MEDIA_ADVERTISED_IP=advertised, MEDIA_PUBLIC_PEERS_ONLY=setting)

    assert configuration.public_peers_only is only_public


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MEDIA_SECRET", ""),
        ("MEDIA_LISTEN", "unix:"),
        ("MEDIA_LISTEN", "9000"),
        ("MEDIA_LISTEN", "host:port"),
        ("MEDIA_LISTEN", "host:70000"),
        ("MEDIA_ADVERTISED_IP", "example.org"),
        ("MEDIA_BIND_IP", "here"),
        ("MEDIA_PORT_RANGE", "40000"),
        ("MEDIA_PORT_RANGE", "2000-1500"),
        ("MEDIA_PORT_RANGE", "80-90"),
        ("MEDIA_PORT_RANGE", "60000-70000"),
        ("MEDIA_CAPACITY", "many"),
        ("MEDIA_MAX_LOAD", "high"),
        ("MEDIA_DRAIN_SECONDS", "-1"),
        ("MEDIA_ICE_SECONDS", "soon"),
        ("MEDIA_PUBLIC_PEERS_ONLY", "maybe"),
        ("MEDIA_FETCH_HTTP", "maybe"),
        ("MEDIA_FETCH_NETWORKS", "10.0.0.0/33"),
        ("MEDIA_FETCH_NETWORKS", "10.0.0.1/8"),
    ],
)
def test_a_wrong_value_refuses_the_start_and_names_the_variable(name, value):
    with pytest.raises(ConfigurationError, match=name):
        read(**{name: value})


def test_a_missing_secret_file_refuses_the_start():
    with pytest.raises(ConfigurationError, match="MEDIA_SECRET_FILE"):
        Configuration.from_environment({"MEDIA_SECRET_FILE": "/nowhere/at/all"})


def test_prompts_are_fetched_from_public_https_only_unless_said_otherwise():
    assert read().fetch_policy == FetchPolicy(allow_http=False, networks=())
    assert read(
        MEDIA_FETCH_HTTP="on", MEDIA_FETCH_NETWORKS="10.0.0.0/8, fd00::/8"
    ).fetch_policy == FetchPolicy(
        allow_http=True,
        networks=(ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("fd00::/8")),
    )


def test_speech_is_espeak_in_english_unless_said_otherwise():
    speech = read(PATH="/bin", MEDIA_SECRET="x", SPEECH_KEY="k").speech

    assert (speech.command, speech.language, speech.processes) == ((), "en", 2)
    assert speech.silence_seconds == 5.0
    assert speech.environ == {"PATH": "/bin", "SPEECH_KEY": "k"}
    assert "SPEECH_KEY" not in repr(speech)


def test_another_voice_is_a_command_in_the_words_of_a_shell():
    speech = read(
        MEDIA_SPEECH_COMMAND="/opt/voice --model 'a b.onnx'",
        MEDIA_SPEECH_LANGUAGE="de-AT",
        MEDIA_SPEECH_PROCESSES="4",
        MEDIA_SPEECH_SECONDS="1.5",
    ).speech

    assert speech.command == ("/opt/voice", "--model", "a b.onnx")
    assert speech.argv[-3:] == speech.command
    assert (speech.language, speech.processes, speech.silence_seconds) == ("de-at", 4, 1.5)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MEDIA_SPEECH_COMMAND", "say 'a"),
        ("MEDIA_SPEECH_LANGUAGE", "english please"),
        ("MEDIA_SPEECH_PROCESSES", "many"),
        ("MEDIA_SPEECH_SECONDS", "-1"),
    ],
)
def test_wrong_settings_of_speech_are_named(name, value):
    with pytest.raises(ConfigurationError, match=name):
        read(**{name: value})
