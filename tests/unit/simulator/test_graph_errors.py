from simulator.graph_errors import (
    GraphError,
    invalid_parameter,
    invalid_sdp,
    invalid_token,
    unknown_object,
)


def test_an_error_of_calling_has_the_documented_form():
    error = GraphError(138006, "No permission")

    assert error.status == 401
    assert error.body("Az8or2y") == {
        "error": {
            "message": "(#138006) No approved call permission from the recipient",
            "type": "OAuthException",
            "code": 138006,
            "error_data": {"messaging_product": "whatsapp", "details": "No permission"},
            "fbtrace_id": "Az8or2y",
        }
    }


def test_a_refused_sdp_has_the_form_that_was_captured():
    assert invalid_sdp("Fingerprint algo is not SHA256").body("AbC123xyz") == {
        "error": {
            "message": "Invalid parameter",
            "type": "OAuthException",
            "code": 100,
            "error_data": {
                "messaging_product": "whatsapp",
                "details": "Fingerprint algo is not SHA256",
            },
            "error_subcode": 2494010,
            "is_transient": False,
            "error_user_title": "Parameter Invalid",
            "error_user_msg": "Check input parameters and retry the request",
            "fbtrace_id": "AbC123xyz",
        }
    }


def test_status_follows_the_code_unless_given():
    assert GraphError(190).status == 401
    assert GraphError(613).status == 429
    assert GraphError(424242).status == 400
    assert GraphError(4, status=503).status == 503
    assert invalid_parameter("x").status == 400


def test_an_unknown_object_says_so_with_its_subcode():
    error = unknown_object("55", "post").body("A")["error"]

    assert (error["code"], error["error_subcode"]) == (100, 33)
    assert "Object with ID '55' does not exist" in error["message"]


def test_a_bad_token_has_code_190():
    assert invalid_token().body("A")["error"]["code"] == 190
