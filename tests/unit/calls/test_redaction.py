"""What people may see of SDP."""

from calls.redaction import HIDDEN, hide_headers, hide_keys, without_sdp

OFFER = (
    "v=0\r\na=ice-ufrag:4Zcd\r\na=ice-pwd:2/1muCWoOi3uLifh0NuRHlZq\r\n"
    "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz\r\n"
    "a=setup:actpass\r\n"
)


def test_password_and_keys_are_hidden_and_the_rest_stays():
    assert hide_keys(OFFER) == (
        "v=0\r\na=ice-ufrag:4Zcd\r\na=ice-pwd:(hidden)\r\na=crypto:(hidden)\r\na=setup:actpass\r\n"
    )


def test_a_password_on_the_last_line_is_hidden_too():
    assert hide_keys("A=ICE-PWD:secret") == "A=ICE-PWD:(hidden)"


def test_text_with_sdp_is_replaced_at_any_depth():
    data = {"message": f"refused: {OFFER}", "list": [{"deep": "x\\na=ice-pwd:secret"}], "code": 8}

    assert without_sdp(data) == {"message": HIDDEN, "list": [{"deep": HIDDEN}], "code": 8}


def test_ordinary_text_and_numbers_stay():
    data = {"by": "api:crm", "v": "v=01", "n": None, "digits": ["1", 2, True]}

    assert without_sdp(data) == data


def test_headers_keep_their_names_and_lose_their_values():
    options = {"url": "wss://a", "headers": {"Authorization": "Bearer key"}}

    assert hide_headers(options) == {"url": "wss://a", "headers": {"Authorization": HIDDEN}}
    assert hide_headers({"headers": "none"}) == {"headers": "none"}
    assert hide_headers({"loop": 1}) == {"loop": 1}
