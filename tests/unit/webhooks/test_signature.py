"""The signature of a webhook: vectors, rotation, and everything a header may hold instead."""

from __future__ import annotations

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.webhook_bodies import sign
from webhooks.signature import Key, parse_header, token_matches, verify

BODY = b'{"object":"whatsapp_business_account","entry":[]}'
DIGEST = "dec6a680679a968e7e0319355b23599cbfc54502c0784668e9618baa0c633756"
ESCAPED = (
    rb'{"object":"whatsapp_business_account","entry":[{"id":"1","changes":[{"field":"calls",'
    rb'"value":{"contacts":[{"profile":{"name":"J\u00fcrgen \ud83d\ude42"}}]}}]}]}'
)
ESCAPED_DIGEST = "893d5ef65d1542946010a8ee92655cae19c8cadbd62b449e17a6ba1d7cb4391e"

OLD = Key("default", "old", "old-secret")
NEW = Key("default", "new", "test_app_secret")


@pytest.mark.parametrize(
    ("secret", "body", "digest"),
    [("test_app_secret", BODY, DIGEST), ("sim-secret", ESCAPED, ESCAPED_DIGEST)],
)
def test_known_vectors_verify(secret, body, digest):
    key = Key("default", "only", secret)

    assert verify(body, f"sha256={digest}", [key]) is key


def test_the_key_that_signed_is_returned_wherever_it_stands():
    header = f"sha256={DIGEST}"

    assert verify(BODY, header, [OLD, NEW]) is NEW
    assert verify(BODY, header, [NEW, OLD]) is NEW


def test_the_first_of_two_equal_secrets_is_returned():
    twin = Key("other", "twin", NEW.secret)

    assert verify(BODY, f"sha256={DIGEST}", [NEW, twin]) is NEW


def test_every_key_is_tried_even_after_one_fits():
    tried = []

    def keys():
        for key in (NEW, OLD):
            tried.append(key)
            yield key

    verify(BODY, f"sha256={DIGEST}", keys())

    assert tried == [NEW, OLD]


def test_a_wrong_secret_does_not_verify():
    assert verify(BODY, f"sha256={DIGEST}", [OLD]) is None


def test_no_keys_at_all_verify_nothing():
    assert verify(BODY, f"sha256={DIGEST}", []) is None


def test_an_empty_secret_never_verifies():
    signed_with_nothing = "sha256=" + hmac.new(b"", BODY, hashlib.sha256).hexdigest()

    assert verify(BODY, signed_with_nothing, [Key("default", "empty", "")]) is None


@pytest.mark.parametrize("position", range(len(BODY)))
def test_a_body_changed_by_one_bit_does_not_verify(position):
    changed = bytearray(BODY)
    changed[position] ^= 1

    assert verify(bytes(changed), f"sha256={DIGEST}", [NEW]) is None


def test_bytes_that_are_no_text_verify():
    body = b"\xff\xfe\x00\x80"

    assert verify(body, sign(body, NEW.secret), [NEW]) is NEW


def test_upper_case_hex_names_the_same_digest():
    assert verify(BODY, f"sha256={DIGEST.upper()}", [NEW]) is NEW


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        DIGEST,
        f"sha1={DIGEST}",
        f"sha1={DIGEST[:40]}",
        f"SHA256={DIGEST}",
        f"sha256={DIGEST[:-1]}",
        f"sha256={DIGEST}0",
        f"sha256={DIGEST}\n",
        f" sha256={DIGEST}",
        f"sha256= {DIGEST[1:]}",
        f"sha256={DIGEST[:62]} 6",
        f"sha256={DIGEST[:-1]}\u0666",
        f"sha256={DIGEST[:-1]}\u00e9",
        f"sha256={DIGEST[:-1]}\ud800",
        f"sha256={DIGEST[:-1]}\x00",
        f"sha256={DIGEST}, sha256={DIGEST}",
        "sha256=" + "g" * 64,
    ],
)
def test_a_malformed_header_does_not_verify(header):
    assert verify(BODY, header, [NEW]) is None


@given(st.text() | st.none(), st.binary(), st.text())
def test_no_header_body_or_secret_raises(header, body, secret):
    assert verify(body, header, [Key("a", "b", secret)]) is None


@given(st.binary(), st.text(min_size=1))
def test_what_is_signed_verifies(body, secret):
    key = Key("a", "b", secret)
    header = (
        "sha256="
        + hmac.new(secret.encode("utf-8", "surrogatepass"), body, hashlib.sha256).hexdigest()
    )

    assert verify(body, header, [key]) is key


def test_the_header_claims_32_bytes():
    assert parse_header(f"sha256={DIGEST}") == bytes.fromhex(DIGEST)
    assert parse_header("sha256=") is None


def test_a_key_does_not_print_its_secret():
    assert "test_app_secret" not in repr(NEW)


def test_any_of_several_verify_tokens_matches():
    assert token_matches("second", ["first", "second"])
    assert token_matches("first", ["first", "second"])
    assert not token_matches("third", ["first", "second"])
    assert not token_matches("firs", ["first"])
    assert not token_matches("first", [])


def test_an_empty_verify_token_never_matches():
    assert not token_matches("", [""])
    assert not token_matches("", ["", "first"])


def test_a_verify_token_outside_ascii_is_compared_without_an_error():
    assert token_matches("gr\u00fc\u00df", ["gr\u00fc\u00df"])
    assert not token_matches("\ud800", ["first"])
