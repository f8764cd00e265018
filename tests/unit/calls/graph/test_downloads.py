"""From where Meta's files may come, and whether they are what Meta says."""

import base64
import hashlib

import pytest

from calls.graph.downloads import Mistrusted, check_address, check_digest, check_media_id

GRAPH = "https://graph.facebook.com"
FILE = b"OggS and more"
DIGEST = hashlib.sha256(FILE)


@pytest.mark.parametrize(
    "url",
    [
        "https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=1",
        "https://LOOKASIDE.fbsbx.com:443/x",
        "https://scontent-lhr8-1.xx.fbcdn.net/x",
        "https://graph.facebook.com/x",
    ],
)
def test_metas_hosts(url):
    assert check_address(url, GRAPH) == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "x",
        "http://lookaside.fbsbx.com/x",
        "https://lookaside.fbsbx.com:8443/x",
        "https://lookaside.fbsbx.com.evil.test/x",
        "https://evil.test/lookaside.fbsbx.com",
        "https://evil-fbcdn.net/x",
        "https://fbcdn.net/x",
        "https://lookaside.fbsbx.com@evil.test/x",
        "https://user:secret@lookaside.fbsbx.com/x",
        "https://graph.facebook.com:444/x",
        "http://graph.facebook.com/x",
        "http://127.0.0.1/x",
        "https://169.254.169.254/x",
        "file:///etc/passwd",
        "https://lookaside.fbsbx.com:port/x",
        "https://[::1/x",
    ],
)
def test_nobody_else(url):
    with pytest.raises(Mistrusted):
        check_address(url, GRAPH)


def test_a_simulator_serves_files_itself():
    assert check_address("http://127.0.0.1:18000/a?mid=1", "http://127.0.0.1:18000")
    with pytest.raises(Mistrusted):
        check_address("http://127.0.0.1:18001/a", "http://127.0.0.1:18000")


def test_the_hash_is_compared_in_either_spelling_and_all_must_fit():
    plain, text = base64.b64encode(DIGEST.digest()).decode(), DIGEST.hexdigest()

    check_digest(FILE, plain, text)
    check_digest(FILE, "nonsense", text.upper())
    for claims in ((), ("",), ("nonsense",), (plain, "0" * 64)):
        with pytest.raises(Mistrusted):
            check_digest(FILE, *claims)


def test_an_id_is_no_path():
    assert check_media_id("1122334455667788") == "1122334455667788"
    for media_id in ("", "../me", "1/2", "1?x", "x" * 129):
        with pytest.raises(Mistrusted):
            check_media_id(media_id)
