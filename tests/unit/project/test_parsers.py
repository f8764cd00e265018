"""Readers of one environment variable each."""

from __future__ import annotations

from pathlib import Path

import pytest

from project import parsers

FERNET_KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="


@pytest.mark.parametrize("value", ["on", "1", "TRUE", "Yes"])
def test_a_flag_is_on_in_any_usual_word(value: str) -> None:
    assert parsers.flag(value) is True


@pytest.mark.parametrize("value", ["off", "0", "False", "NO", ""])
def test_a_flag_is_off_in_any_usual_word(value: str) -> None:
    assert parsers.flag(value) is False


def test_a_flag_refuses_another_word() -> None:
    with pytest.raises(ValueError, match="^on or off is needed$"):
        parsers.flag("maybe")


@pytest.mark.parametrize(("value", "expected"), [("on", True), ("off", False), ("", None)])
def test_an_optional_flag_can_be_left_open(value: str, expected: bool | None) -> None:
    assert parsers.optional(parsers.flag)(value) is expected


@pytest.mark.parametrize(("value", "expected"), [("1", 1), ("65535", 65535), ("0080", 80)])
def test_a_number_within_its_limits_is_read(value: str, expected: int) -> None:
    assert parsers.number(1, 65535)(value) == expected


@pytest.mark.parametrize("value", ["0", "65536", "-1", "1_0", "٣", "", "80 ", "9" * 5000])
def test_a_number_outside_its_limits_or_oddly_written_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="^a whole number from 1 to 65535 is needed$"):
        parsers.number(1, 65535)(value)


def test_seconds_may_have_a_fraction() -> None:
    assert parsers.seconds(0, 3)("2.5") == 2.5


@pytest.mark.parametrize("value", ["3.1", "-0.1", "nan", "inf", "soon", ""])
def test_seconds_that_are_no_length_within_the_limits_are_refused(value: str) -> None:
    with pytest.raises(ValueError, match="^a number of seconds from 0 to 3 is needed$"):
        parsers.seconds(0, 3)(value)


def test_a_choice_is_read_in_any_case_and_given_back_as_written_in_the_table() -> None:
    assert parsers.choice("DEBUG", "INFO")("info") == "INFO"


def test_a_choice_outside_the_options_names_them() -> None:
    with pytest.raises(ValueError, match="^one of DEBUG, INFO is needed$"):
        parsers.choice("DEBUG", "INFO")("loud")


def test_words_are_separated_by_commas_and_stripped() -> None:
    assert parsers.words(" a, b ,,c") == ("a", "b", "c")


def test_no_words_are_an_empty_tuple() -> None:
    assert parsers.words("") == ()


@pytest.mark.parametrize("value", ["two\nlines", "nul\0"])
def test_a_text_is_one_line(value: str) -> None:
    with pytest.raises(ValueError, match="^a single line is needed$"):
        parsers.text(value)


def test_a_relative_folder_becomes_absolute() -> None:
    assert parsers.folder("var") == Path.cwd() / "var"


@pytest.mark.parametrize("value", ["", "a\0b"])
def test_a_folder_needs_a_path(value: str) -> None:
    with pytest.raises(ValueError, match="^the path of a folder is needed$"):
        parsers.folder(value)


def test_a_folder_below_an_unknown_home_is_refused() -> None:
    with pytest.raises(ValueError, match="^the home folder is not known$"):
        parsers.folder("~nobody-of-this-name/var")


def test_a_file_is_not_a_folder(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()

    with pytest.raises(ValueError, match=r"/file is not a folder$"):
        parsers.folder(str(file))


@pytest.mark.parametrize(
    "value",
    ["", "https://graph.example", "http://[::1]:80/a", "redis://h:1/0", "redis+socket:///a/b.sock"],
)
def test_a_url_is_kept_as_it_is(value: str) -> None:
    assert parsers.url(value) == value


@pytest.mark.parametrize(
    "value", ["example.org", "https://", "ftp://h", "http://h:port", "redis+socket:///", "a\nb"]
)
def test_what_is_no_url_of_ours_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="is needed$"):
        parsers.url(value)


@pytest.mark.parametrize("value", ["", "postgres://u@h/n", "sqlite:///x", "postgresql://h/n"])
def test_a_database_url_is_kept_as_it_is(value: str) -> None:
    assert parsers.database_url(value) == value


@pytest.mark.parametrize("value", ["mysql://h/n", "postgres", "/var/db.sqlite3"])
def test_a_database_we_do_not_support_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="^postgres://"):
        parsers.database_url(value)


@pytest.mark.parametrize("value", ["", "0", "106540352242922"])
def test_digits_are_kept_as_text(value: str) -> None:
    assert parsers.digits(value) == value


@pytest.mark.parametrize("value", ["12a", "-1", "1 2", "9" * 33, "²"])
def test_other_signs_than_digits_are_refused(value: str) -> None:
    with pytest.raises(ValueError, match="^digits only are needed$"):
        parsers.digits(value)


@pytest.mark.parametrize("value", ["23.0", "v23", "v23.0/x", "latest", ""])
def test_what_is_no_graph_version_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match=r"^a version such as v25.0 is needed$"):
        parsers.graph_version(value)


def test_a_graph_version_is_kept_as_it_is() -> None:
    assert parsers.graph_version("v25.0") == "v25.0"


@pytest.mark.parametrize("value", ["", "192.0.2.1", "2001:db8::1"])
def test_an_ip_address_is_kept(value: str) -> None:
    assert parsers.ip_address(value) == value


@pytest.mark.parametrize("value", ["localhost", "1.2.3", "192.0.2.256", "127.1"])
def test_a_host_name_is_no_ip_address(value: str) -> None:
    with pytest.raises(ValueError, match="^an IP address is needed, not a host name$"):
        parsers.ip_address(value)


def test_a_port_range_includes_both_ends() -> None:
    assert parsers.port_range("40000-40999") == (40000, 40999)


@pytest.mark.parametrize(
    "value", ["", "40000", "2-1", "40999-40000", "80-90", "40000-70000", "a-b"]
)
def test_what_is_no_port_range_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="^two ports from 1024 to 65535"):
        parsers.port_range(value)


def test_a_time_zone_is_known_by_name() -> None:
    assert parsers.time_zone("Europe/Berlin") == "Europe/Berlin"


@pytest.mark.parametrize("value", ["Mars/Olympus", "", "../etc/passwd", "/etc/passwd"])
def test_an_unknown_time_zone_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="^the name of a time zone"):
        parsers.time_zone(value)


def test_several_fernet_keys_are_read_in_order() -> None:
    other = FERNET_KEY.replace("M", "N", 1)

    assert parsers.fernet_keys(f"{FERNET_KEY},{other}") == (FERNET_KEY, other)


def test_a_bad_fernet_key_is_named_by_its_position_and_never_shown() -> None:
    with pytest.raises(ValueError, match="^key 2 is not 32 bytes") as refused:
        parsers.fernet_keys(f"{FERNET_KEY},too-short")

    assert "too-short" not in str(refused.value)
