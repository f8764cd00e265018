from simulator.signing import encode, signature

PLAIN = b'{"object":"whatsapp_business_account","entry":[]}'
ESCAPED = (
    rb'{"object":"whatsapp_business_account","entry":[{"id":"1","changes":[{"field":"calls",'
    rb'"value":{"contacts":[{"profile":{"name":"J\u00fcrgen \ud83d\ude42"}}]}}]}]}'
)


def test_signature_of_a_plain_body_is_the_known_one():
    assert signature(PLAIN, "test_app_secret") == (
        "sha256=dec6a680679a968e7e0319355b23599cbfc54502c0784668e9618baa0c633756"
    )


def test_signature_of_an_escaped_body_is_the_known_one():
    assert signature(ESCAPED, "sim-secret") == (
        "sha256=893d5ef65d1542946010a8ee92655cae19c8cadbd62b449e17a6ba1d7cb4391e"
    )


def test_a_name_beyond_ascii_is_escaped_like_metas_own_bodies():
    value = {"contacts": [{"profile": {"name": "J\u00fcrgen \U0001f642"}}]}
    entry = {"id": "1", "changes": [{"field": "calls", "value": value}]}

    assert encode({"object": "whatsapp_business_account", "entry": [entry]}) == ESCAPED


def test_raw_utf8_can_be_asked_for():
    assert encode({"name": "J\u00fcrgen"}, raw_utf8=True) == '{"name":"J\u00fcrgen"}'.encode()
