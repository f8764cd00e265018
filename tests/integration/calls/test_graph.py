"""The Graph client against a real socket: every fault and what it means."""

import json
import time

import pytest

from calls import graph
from calls.domain.vocabulary import CommandKind
from calls.graph import GraphClient, GraphError, Verdict, action_body, connection
from tests.wire import drip, error, reply, reset, serving, silence

BODY = action_body(CommandKind.ACCEPT, wa_call_id="wacid.A", sdp="v=0\r\n")
DONE = reply(200, {"messaging_product": "whatsapp", "success": True})


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(connection, "TOTAL_SECONDS", 0.5)


def send(server, token="secret-token"):
    return GraphClient(server.url, "v25.0").send("7710", BODY, token=token)


def fail(*scripts):
    with serving(*scripts) as server, pytest.raises(GraphError) as caught:
        send(server)
    return caught.value


def test_an_accept_is_posted_with_the_documented_keys():
    with serving(DONE) as server:
        answer = send(server)

    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /v25.0/7710/calls HTTP/1.1")
    assert b"authorization: bearer secret-token" in head.lower()
    assert json.loads(body) == {
        "messaging_product": "whatsapp",
        "call_id": "wacid.A",
        "action": "accept",
        "session": {"sdp_type": "answer", "sdp": "v=0\r\n"},
    }
    assert (answer.http_status, answer.trace_id) == (200, "T1")


def test_a_terminate_has_no_session():
    assert json.loads(action_body(CommandKind.TERMINATE, wa_call_id="wacid.A")) == {
        "messaging_product": "whatsapp",
        "call_id": "wacid.A",
        "action": "terminate",
    }


def test_success_alone_is_enough():
    with serving(reply(200, {"success": True})) as server:
        assert send(server).body == {"success": True}


@pytest.mark.parametrize(
    ("script", "verdict", "cause"),
    [
        (error(400, 100, "Fingerprint algo is not SHA256"), "give_up", "sdp_refused"),
        (error(400, 100, "Missing parameter"), "give_up", "meta_error"),
        (error(400, 138008, "SDP Validation error"), "give_up", "sdp_refused"),
        (error(401, 190, "expired"), "give_up", "authentication_failed"),
        (error(401, 138000, "not enabled"), "give_up", "restricted"),
        (error(401, 138006, "no permission"), "give_up", "permission_denied"),
        (error(400, 4, "too many"), "retry", "meta_error"),
        (error(400, 80007), "retry", "meta_error"),
        (error(400, 130429), "retry", "meta_error"),
        (error(429, 138005), "retry", "limit_reached"),
        (error(400, 1), "unknown", "meta_error"),
        (error(503, 2), "unknown", "meta_error"),
        (error(500, 131000), "unknown", "meta_error"),
        (error(500, 138004), "unknown", "meta_error"),
        (error(500, 999999), "unknown", "meta_error"),
        (error(400, 100, "Call is already in progress"), "already_done", "meta_error"),
        (error(400, 100, "Call has already ended"), "call_over", "meta_error"),
        (error(400, 100, "The call was already completed"), "call_over", "meta_error"),
        (error(400, 100, "Call id not found"), "call_over", "meta_error"),
        (
            reply(502, b"<html>bad gateway</html>", content_type="text/html"),
            "unknown",
            "meta_error",
        ),
        (reply(404, b"<html>no</html>", content_type="text/html"), "give_up", "meta_error"),
        (reply(302, b"", content_type="text/html"), "give_up", "meta_error"),
        (reply(200, b"not json"), "unknown", "meta_error"),
        (reply(200, {"error": "strange"}), "unknown", "meta_error"),
        (reply(429, b"<html>", content_type="text/html"), "retry", "meta_error"),
        (reply(408, b"", content_type="text/html"), "unknown", "meta_error"),
        (reply(200, {}), "unknown", "meta_error"),
        (reply(200, {"success": False}), "give_up", "meta_error"),
        (reply(200, b"[" * 100_000), "unknown", "meta_error"),
        (error(500, 138007, "connect timeout"), "give_up", "meta_error"),
        (error(500, 3, "capability"), "give_up", "meta_error"),
        # words that look like the end of a call and are not
        (error(401, 190, "the session was terminated"), "give_up", "authentication_failed"),
        (error(400, 33, "does not exist"), "give_up", "meta_error"),
        (error(400, 100, "Unsupported object: does not exist"), "give_up", "meta_error"),
        (error(400, 138008, "SDP validation has failed"), "give_up", "sdp_refused"),
        (error(400, 131042, "Payment has failed"), "give_up", "meta_error"),
        (error(401, 138000, "phone number not found"), "give_up", "restricted"),
        (error(400, 100, "Fingerprint not found for this call"), "give_up", "sdp_refused"),
        (error(400, 100, "service not available"), "give_up", "meta_error"),
        (
            reply(401, {"error": {"code": "190", "message": "code as text"}}),
            "give_up",
            "authentication_failed",
        ),
        (reset, "unknown", "network_error"),
    ],
)
def test_each_answer_has_one_verdict(script, verdict, cause):
    caught = fail(script)

    assert (caught.verdict, caught.cause) == (verdict, cause)


def test_metas_error_is_kept_verbatim():
    caught = fail(error(400, 138014, "temporarily disabled", message="(#138014) Disabled"))

    assert (caught.error.code, caught.error.details) == (138014, "temporarily disabled")
    assert caught.error.message == "(#138014) Disabled"
    assert caught.trace_id == "F1"
    assert caught.http_status == 400


def test_what_no_database_stores_is_replaced():
    caught = fail(error(400, 10**12, "a\0b\ud800c", message="x\0"))

    assert caught.error.code == 0
    assert caught.error.details == "a\ufffdb\ufffdc"
    assert "\0" not in str(caught)


def test_a_refused_connection_was_never_sent():
    with serving() as server:
        url = server.url
    with pytest.raises(GraphError) as caught:
        GraphClient(url, "v25.0").send("7710", BODY, token="t")

    assert caught.value.verdict is Verdict.RETRY


@pytest.mark.parametrize("script", [silence, drip])
def test_the_wall_clock_bounds_a_server_that_stalls_or_drips(script, quick):
    started = time.monotonic()
    caught = fail(script)

    assert caught.verdict is Verdict.UNKNOWN
    # Not a speed: without the bound both scripts go on for ever.
    assert time.monotonic() - started < 4


def test_a_flood_is_cut_off(monkeypatch):
    monkeypatch.setattr(connection, "MAX_REPLY_BYTES", 1000)

    assert fail(reply(200, b"x" * 100_000)).verdict is Verdict.UNKNOWN


def test_no_message_contains_the_token():
    caught = fail(error(401, 190, "Error validating access token"))

    assert "secret-token" not in str(caught)


def test_the_client_of_a_process_is_kept():
    assert graph.client("http://x.test", "v25.0") is graph.client("http://x.test", "v25.0")
