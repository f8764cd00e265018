import base64

from simulator.identifiers import business_scoped_user_id, call_id, message_id, trace_id

TOKEN = bytes.fromhex("7d0c3a91e25b4f6688a1b2c3d4e5f607")


def test_call_id_has_the_published_form():
    assert call_id("447700900123", "551155501234", TOKEN) == (
        "wacid.HBgMNDQ3NzAwOTAwMTIzFQIAEhggN0QwQzNBOTFFMjVCNEY2Njg4QTFCMkMzRDRFNUY2MDcc"
        "GAw1NTExNTU1MDEyMzQVAgAA"
    )


def test_business_initiated_calls_differ_in_one_byte():
    token = bytes.fromhex("1f2e3d4c5b6a79880011223344556677")

    assert call_id("447700900123", "551155501234", token, user_initiated=False) == (
        "wacid.HBgMNDQ3NzAwOTAwMTIzFQIAERggMUYyRTNENEM1QjZBNzk4ODAwMTEyMjMzNDQ1NTY2NzccGAw1NTEx"
        "NTU1MDEyMzQVAgAA"
    )


def test_message_ids_carry_user_and_token():
    record = base64.b64decode(message_id("447700900123", b"\x01\x02").removeprefix("wamid."))

    assert b"447700900123" in record
    assert b"0102" in record


def test_user_ids_are_stable_and_differ_between_users():
    first = business_scoped_user_id("447700900123")

    assert first == business_scoped_user_id("447700900123")
    assert first != business_scoped_user_id("447700900124")
    assert first.startswith("GB.")
    assert first[3:].isdecimal()
    assert len(first) == 19


def test_trace_ids_have_no_padding():
    assert trace_id(b"\xff" * 8) == "A__________8"
