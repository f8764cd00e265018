"""Downloading a recording: whole, in parts, and never a file from elsewhere."""

import json
from pathlib import Path

import pytest
from django.test import Client

from calls.models import ApiToken, Recording
from tests.factories import T0, after, make_call, make_number

pytestmark = pytest.mark.django_db

AUDIO = b"OggS" + bytes(range(256)) * 600


@pytest.fixture
def api():
    _, text = ApiToken.issue(name="crm", now=T0)
    return Client(headers={"Authorization": f"Bearer {text}"})


@pytest.fixture
def folder(settings, tmp_path):
    settings.DATA_DIR = tmp_path
    (tmp_path / "recordings" / "2026").mkdir(parents=True)
    return tmp_path / "recordings"


@pytest.fixture
def recording(folder):
    (folder / "2026" / "a.ogg").write_bytes(AUDIO)
    return make_recording("2026/a.ogg")


def make_recording(path, status="completed"):
    call = make_call(make_number())
    return Recording.objects.create(
        call=call, status=status, path=path, created_at=T0, finished_at=after(9)
    )


def get(api, recording, **headers):
    return api.get(f"/api/v1/recordings/{recording.pk}/audio/", headers=headers)


def body(response):
    return b"".join(response)


def test_the_whole_of_it(api, recording):
    response = get(api, recording)

    assert (response.status_code, body(response)) == (200, AUDIO)
    assert response.headers["Content-Type"] == "audio/ogg"
    assert response.headers["Content-Length"] == str(len(AUDIO))
    assert response.headers["Accept-Ranges"] == "bytes"
    assert response.headers["Content-Disposition"] == (
        f'attachment; filename="{recording.call_id}.ogg"'
    )


def test_a_part_of_it(api, recording):
    response = get(api, recording, Range="bytes=100000-100099")

    assert (response.status_code, body(response)) == (206, AUDIO[100_000:100_100])
    assert response.headers["Content-Range"] == f"bytes 100000-100099/{len(AUDIO)}"
    assert response.headers["Content-Length"] == "100"


def test_a_part_behind_its_end(api, recording):
    response = get(api, recording, Range=f"bytes={len(AUDIO)}-")

    assert response.status_code == 416
    assert response.headers["Content-Range"] == f"bytes */{len(AUDIO)}"


def test_a_part_of_another_version_is_the_whole(api, recording):
    etag = get(api, recording).headers["ETag"]

    same = get(api, recording, Range="bytes=0-9", **{"If-Range": etag})
    other = get(api, recording, Range="bytes=0-9", **{"If-Range": '"other"'})

    assert (same.status_code, other.status_code) == (206, 200)


def test_head_tells_the_size_without_the_audio(api, recording):
    response = api.head(f"/api/v1/recordings/{recording.pk}/audio/")

    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["Content-Length"] == str(len(AUDIO))


def test_a_player_that_only_accepts_audio_is_served(api, recording):
    assert get(api, recording, Accept="audio/*").status_code == 200


def test_an_unknown_kind_of_file_is_only_bytes(api, folder):
    (folder / "a.html").write_text("<script>")

    response = get(api, make_recording("a.html"))

    assert response.headers["Content-Type"] == "application/octet-stream"


@pytest.mark.parametrize("status", ["recording", "failed"])
def test_an_unfinished_one_is_not_sent(api, folder, status):
    response = get(api, make_recording("a.ogg", status))

    problem = json.loads(response.content)
    assert (response.status_code, problem["code"]) == (409, "recording-not-ready")
    assert problem["recording_status"] == status


@pytest.mark.parametrize("path", ["gone.ogg", "../secret", "/etc/hostname", "2026", "link"])
def test_a_path_that_leads_elsewhere_is_gone(api, folder, path):
    (folder.parent / "secret").write_text("secret")
    Path(folder / "link").symlink_to(folder.parent / "secret")

    response = get(api, make_recording(path))

    assert (response.status_code, json.loads(response.content)["code"]) == (
        410,
        "recording-missing",
    )


def test_strangers_hear_nothing(recording):
    assert get(Client(), recording).status_code == 401
