"""The table of environment variables, read from dictionaries and small files."""

from __future__ import annotations

from pathlib import Path

import pytest

from project import env


def read(tmp_path: Path, **variables: str) -> env.Environment:
    return env.read({"DATA_DIR": str(tmp_path), **variables})


def write_simulator_secrets(tmp_path: Path) -> None:
    folder = tmp_path / "secrets" / "simulator"
    folder.mkdir(parents=True)
    for name in ("whatsapp_app_secret", "whatsapp_verify_token", "whatsapp_access_token"):
        (folder / name).write_text(f"{name}-of-the-simulator\n")


def test_an_empty_environment_gives_the_defaults() -> None:
    environment = env.read({})

    assert environment.data_dir == Path.cwd() / "var"
    assert environment.port == 8000
    assert environment.public_url == "http://127.0.0.1:8000"
    assert environment.debug is False
    assert environment.graph_api_url == "https://graph.facebook.com"
    assert environment.default_answer_policy == "answer"
    assert environment.media_port_range == (40000, 40999)
    assert environment.record_calls is False


def test_an_empty_value_is_the_same_as_none(tmp_path: Path) -> None:
    assert read(tmp_path, PORT="").port == 8000


def test_every_bad_variable_is_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(env.BadEnvironment) as refused:
        read(tmp_path, PORT="many", DEBUG="perhaps", MEDIA_ADVERTISED_IP="here")

    assert refused.value.problems == [
        "PORT: a whole number from 1 to 65535 is needed",
        "DEBUG: on or off is needed",
        "MEDIA_ADVERTISED_IP: an IP address is needed, not a host name",
    ]


def test_no_message_repeats_a_secret(tmp_path: Path) -> None:
    with pytest.raises(env.BadEnvironment) as refused:
        read(tmp_path, ENCRYPTION_KEYS="hunter2", DATABASE_URL="mysql://me:hunter2@h/n")

    assert "hunter2" not in str(refused.value)


def test_a_bad_data_dir_is_named_like_any_other(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(env.BadEnvironment, match="^DATA_DIR: .*/file is not a folder$"):
        env.read({"DATA_DIR": str(tmp_path / "file")})


def test_a_secret_is_read_from_the_file_that_is_named(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("from-the-file\n")

    environment = read(tmp_path, SECRET_KEY_FILE=str(tmp_path / "key"))

    assert environment.secret_key == "from-the-file"


def test_a_secret_given_twice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("one")

    with pytest.raises(
        env.BadEnvironment, match="^SECRET_KEY: set either SECRET_KEY or SECRET_KEY_FILE, not both$"
    ):
        read(tmp_path, SECRET_KEY="two", SECRET_KEY_FILE=str(tmp_path / "key"))


@pytest.mark.parametrize(
    ("contents", "problem"),
    [(None, "cannot be read"), (b"", "is empty"), (b"\n", "is empty"), (b"\xff", "cannot be read")],
)
def test_a_useless_secret_file_is_named(
    tmp_path: Path, contents: bytes | None, problem: str
) -> None:
    path = tmp_path / "key"
    if contents is not None:
        path.write_bytes(contents)

    with pytest.raises(env.BadEnvironment, match=f"^SECRET_KEY: the file {path} {problem}"):
        read(tmp_path, SECRET_KEY_FILE=str(path))


def test_a_file_variant_exists_for_secrets_only(tmp_path: Path) -> None:
    (tmp_path / "port").write_text("9999")

    assert read(tmp_path, PORT_FILE=str(tmp_path / "port")).port == 8000


def test_a_generated_secret_is_found_in_the_data_folder(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "secret_key").write_text("generated\n")

    assert read(tmp_path).secret_key == "generated"
    assert read(tmp_path, SECRET_KEY="given").secret_key == "given"


def test_several_app_secrets_are_valid_at_once(tmp_path: Path) -> None:
    environment = read(tmp_path, WHATSAPP_APP_SECRET="new, old")

    assert environment.whatsapp_app_secret == ("new", "old")


def test_without_any_whatsapp_variable_the_simulator_is_used_once_it_has_secrets(
    tmp_path: Path,
) -> None:
    assert read(tmp_path).simulated is False

    write_simulator_secrets(tmp_path)
    environment = read(tmp_path, PORT="8001")

    assert environment.simulated is True
    assert environment.whatsapp_app_secret == ("whatsapp_app_secret-of-the-simulator",)
    assert environment.whatsapp_phone_number_id == env.SIMULATOR_PHONE_NUMBER_ID
    assert environment.graph_api_url == "http://127.0.0.1:18001"


@pytest.mark.parametrize(
    "name", ["WHATSAPP_PHONE_NUMBER_ID", "WHATSAPP_ACCESS_TOKEN", "WHATSAPP_APP_SECRET"]
)
def test_one_whatsapp_variable_is_enough_to_leave_the_simulator_alone(
    tmp_path: Path, name: str
) -> None:
    write_simulator_secrets(tmp_path)

    environment = read(tmp_path, **{name: "123"})

    assert environment.simulated is False
    assert environment.whatsapp_verify_token == ""
    assert environment.graph_api_url == "https://graph.facebook.com"


def test_a_secret_file_of_whatsapp_leaves_the_simulator_alone_too(tmp_path: Path) -> None:
    write_simulator_secrets(tmp_path)
    (tmp_path / "secret").write_text("real")

    environment = read(tmp_path, WHATSAPP_APP_SECRET_FILE=str(tmp_path / "secret"))

    assert environment.simulated is False
    assert environment.whatsapp_app_secret == ("real",)


@pytest.mark.parametrize(("port", "beside"), [("8000", 18000), ("55535", 65535), ("60000", 50000)])
def test_the_simulator_listens_at_a_port_that_follows_from_ours(
    tmp_path: Path, port: str, beside: int
) -> None:
    assert read(tmp_path, PORT=port).simulator_port == beside


def test_an_ipv6_host_is_written_in_brackets(tmp_path: Path) -> None:
    assert read(tmp_path, HOST="::1").public_url == "http://[::1]:8000"


def test_a_trailing_slash_of_a_url_is_dropped(tmp_path: Path) -> None:
    environment = read(tmp_path, PUBLIC_URL="https://c.example/", GRAPH_API_URL="http://g.example/")

    assert environment.public_url == "https://c.example"
    assert environment.graph_api_url == "http://g.example"


def test_every_variable_is_explained_in_a_sentence_and_has_a_readable_default() -> None:
    for field in env.table():
        assert field.metadata["about"].endswith("."), field.name
        field.metadata["parse"](field.metadata["default"])


def test_secrets_have_no_default_in_the_code() -> None:
    assert [f.name for f in env.table() if f.metadata["secret"] and f.metadata["default"]] == []
