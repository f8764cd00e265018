"""What Meta has recorded and transcribed: noted, fetched over a real socket, checked, shown."""

import base64
import hashlib
import json

import pytest
from django.test import Client

from calls import executor, graph, operations, provider_files
from calls.domain import events
from calls.domain.vocabulary import CommandKind
from calls.graph import GraphClient
from calls.models import ApiToken, CallCommand, PhoneNumber, ProviderFile
from tests.factories import T0, after, make_call, make_number, make_worker
from tests.integration.calls.stories import pre_accepted
from tests.wire import error, reply, serving

pytestmark = pytest.mark.django_db(transaction=True)

OGG = b"OggS" + bytes(range(256)) * 20
TRANSCRIPT = json.dumps(
    {"transcript": {"text": "Hello.", "segments": [{"speaker": "Business", "text": "Hello."}]}}
).encode()


def sha256(content):
    return base64.b64encode(hashlib.sha256(content).digest()).decode()


@pytest.fixture
def folder(settings, tmp_path):
    settings.DATA_DIR = tmp_path
    return tmp_path / "recordings"


@pytest.fixture
def call(db, folder):
    return make_call(make_number(answer_policy="manual"))


@pytest.fixture
def api():
    _, text = ApiToken.issue(name="crm", now=T0)
    return Client(headers={"Authorization": f"Bearer {text}"})


def tell(call, content=OGG, kind=events.RecordingAvailable, media_id="1122"):
    media = events.MediaReference(
        id=media_id, sha256=sha256(content), mime_type="text/html", url="https://evil.test/x"
    )
    operations.receive(
        phone_number=call.phone_number,
        event=kind(wa_call_id=call.wa_call_id, media=media, occurred_at=T0),
        key=f"file:{kind.__name__}:{media_id}",
        now=T0,
    )
    return ProviderFile.objects.get(media_id=media_id)


def fetch(monkeypatch, row, *scripts, now=T0, url=None):
    """One attempt against a server that first says where the file is."""
    place: dict[str, str] = {}

    def told(connection):
        reply(200, {"id": "1122", "url": url or f"{place['url']}/attachments?mid=1122"})(connection)

    with serving(told, *scripts) as server:
        place["url"] = server.url
        client = GraphClient(server.url, "v25.0")
        monkeypatch.setattr(graph, "client", lambda *_: client)
        provider_files.fetch(row.pk, now)
    row.refresh_from_db()
    return server.requests


def test_a_recording_is_fetched_with_the_token_checked_and_served(call, folder, monkeypatch, api):
    row = tell(call)

    asked, fetched = fetch(monkeypatch, row, reply(200, OGG, content_type="text/html"))

    assert asked.startswith(b"GET /v25.0/1122 HTTP/1.1")
    assert fetched.startswith(b"GET /attachments?mid=1122 HTTP/1.1")
    assert b"authorization: bearer token-of-7710" in fetched.lower()
    assert (row.status, row.size_bytes) == ("completed", len(OGG))
    assert (folder / row.path).read_bytes() == OGG
    assert row.path.endswith(".ogg")
    (shown,) = api.get(f"/api/v1/calls/{call.pk}/provider-files/").json()["data"]
    served = api.get(shown["content"])
    assert (served.headers["Content-Type"], b"".join(served.streaming_content)) == (
        "audio/ogg",
        OGG,
    )


def test_a_transcript_is_read(call, folder, monkeypatch, api, admin_client):
    row = tell(call, TRANSCRIPT, events.TranscriptionAvailable)

    fetch(monkeypatch, row, reply(200, TRANSCRIPT))

    assert row.status == "completed"
    assert row.transcript["segments"][0]["speaker"] == "business"
    (shown,) = api.get(f"/api/v1/calls/{call.pk}/provider-files/").json()["data"]
    assert shown["transcript"]["text"] == "Hello."
    page = admin_client.get(f"/admin/calls/providerfile/{row.pk}/change/").content.decode()
    assert "business: Hello." in page


def test_the_same_news_twice_is_one_file(call):
    tell(call)
    tell(call)

    assert ProviderFile.objects.count() == 1


def test_another_file_than_announced_is_not_kept(call, folder, monkeypatch):
    row = tell(call)

    fetch(monkeypatch, row, reply(200, b"OggS something else"))

    assert (row.status, row.path) == ("pending", "")
    assert "SHA-256" in row.error
    assert not folder.exists()


def test_the_token_goes_nowhere_else(call, monkeypatch):
    row = tell(call)

    requests = fetch(monkeypatch, row, url="https://evil.test/file")

    assert len(requests) == 1
    assert "evil.test" in row.error


def test_redirects_are_not_followed(call, monkeypatch):
    row = tell(call)

    fetch(monkeypatch, row, reply(302, b""))

    assert (row.status, "HTTP 302" in row.error) == ("pending", True)


def test_a_flood_is_cut_off(call, monkeypatch):
    monkeypatch.setattr("calls.graph.connection.MAX_FILE_BYTES", 1000)
    row = tell(call)

    fetch(monkeypatch, row, reply(200, OGG))

    assert "more than 1000 bytes" in row.error


def test_a_strange_suffix_is_never_taken_from_meta(call, folder, monkeypatch):
    content = b"<html>"
    row = tell(call, content)

    fetch(monkeypatch, row, reply(200, content, content_type="text/html"))

    assert row.path.endswith(".bin")


def test_it_is_tried_again_until_meta_has_forgotten_it(call, monkeypatch):
    row = tell(call)

    with serving(*[error(500, 131000)] * 40) as server:
        client = GraphClient(server.url, "v25.0")
        monkeypatch.setattr(graph, "client", lambda *_: client)
        for hour in range(0, 8 * 24, 7):
            provider_files.fetch(row.pk, after(hour * 3600))

    row.refresh_from_db()
    assert row.status == "failed"
    assert 20 < row.attempts < 26
    assert row.finished_at <= after(7 * 86400)


def test_one_attempt_at_a_time(call, monkeypatch):
    row = tell(call)
    ProviderFile.objects.update(next_at=after(180))

    assert provider_files.sweep(after(1)) == 0
    assert row.attempts == 0


@pytest.mark.parametrize("media_id", ["../../me", ""])
def test_an_odd_media_id_is_not_asked_for(call, monkeypatch, media_id):
    row = tell(call, media_id=media_id)

    with serving() as server:
        client = GraphClient(server.url, "v25.0")
        monkeypatch.setattr(graph, "client", lambda *_: client)
        provider_files.fetch(row.pk, T0)

    row.refresh_from_db()
    assert "media id is odd" in row.error


def test_an_accept_asks_for_what_the_number_says(fake_graph, fake_media, monkeypatch):
    make_worker()
    number = make_number(
        meta_recording_purpose="quality assurance",
        meta_transcription_purpose="case notes",
        meta_announcement_language="en_GB",
    )
    call = make_call(number)
    pre_accepted(call)
    command = CallCommand.objects.create(
        call=call,
        key="x",
        kind=CommandKind.ACCEPT,
        created_at=T0,
        not_before=T0,
        deadline_at=after(10**9),
    )
    monkeypatch.setattr("calls.actions.fence", lambda command: None)
    executor.ACTIONS[CommandKind.ACCEPT](call, command, T0)
    command.request_body, command.kind = None, CommandKind.PRE_ACCEPT
    executor.ACTIONS[CommandKind.PRE_ACCEPT](call, command, T0)

    accept, pre_accept = (json.loads(body) for body in fake_graph.bodies)
    assert accept["recording"] == {
        "status": "ENABLED",
        "purpose": "quality assurance",
        "announcement_language": "en_GB",
    }
    assert accept["transcription"]["purpose"] == "case notes"
    assert set(pre_accept) == {"messaging_product", "call_id", "action"}
    assert PhoneNumber().meta_recording == {}
