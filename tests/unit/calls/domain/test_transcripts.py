"""Meta's transcripts, whole and broken."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls.domain.transcripts import read_transcript

WHOLE = {
    "metadata": {"audio": {"channels": 2}},
    "transcript": {
        "text": "Hello. Hi.",
        "language": "en",
        "duration": 4.25,
        "segments": [
            {
                "id": 0,
                "speaker": "Business",
                "channel": 0,
                "start": 0,
                "end": 1.5,
                "text": "Hello.",
            },
            {"id": 1, "speaker": "Customer", "start": 2, "end": 3.0004, "text": "Hi."},
            {"id": 2, "channel": 1, "text": "x\0\ud800"},
            {"id": 3, "channel": True, "speaker": 7, "start": -1, "end": "x", "text": None},
            "odd",
        ],
    },
}


def read(document):
    return read_transcript(json.dumps(document).encode())


def test_who_said_what_and_when():
    assert read(WHOLE) == {
        "text": "Hello. Hi.",
        "language": "en",
        "seconds": 4.25,
        "segments": [
            {"speaker": "business", "start": 0.0, "end": 1.5, "text": "Hello."},
            {"speaker": "user", "start": 2.0, "end": 3.0, "text": "Hi."},
            {"speaker": "user", "start": None, "end": None, "text": "x\ufffd\ufffd"},
            {"speaker": "", "start": None, "end": None, "text": ""},
        ],
    }


def test_without_the_outer_object_it_is_read_as_well():
    assert read({"text": "Hello."})["text"] == "Hello."


@pytest.mark.parametrize(
    "content",
    [b"", b"no json", b"[]", b"7", b"{}", b"\xff\xfe", b"[" * 100_000, b'{"transcript":[]}'],
)
def test_what_is_no_transcript(content):
    assert read_transcript(content) is None


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["transcript", "segments", "text", "speaker", "channel", "start"]),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_nothing_raises(document):
    found = read(document)

    assert found is None or isinstance(found["segments"], list)
