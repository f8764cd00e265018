"""Requests for operations are judged without a call."""

import pytest

from sdp.media.messages import MediaErrorCode, MessageError, OperationKind
from sdp.media.operations import checking
from sdp.media.operations.checking import check
from sdp.media.registry import Refused
from tests.unit.sdp.media.operations.test_catalogue import LEAST


@pytest.mark.parametrize("kind", OperationKind)
def test_every_kind_can_be_checked(kind):
    check(str(kind), LEAST.get(str(kind), {}))  # raises nothing


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        ("dance", {}, "kind: one of play, "),
        ("play", {}, "options.source: an object is needed"),
        ("gather", {"prompt": {"source": {"tone": "hm"}}}, "options.prompt.source.tone: one of "),
        ("mute", {"volume": 1}, "options.volume: there is no such option"),
    ],
)
def test_what_is_wrong_is_named(kind, options, message):
    with pytest.raises(MessageError) as caught:
        check(kind, options)

    assert str(caught.value).startswith(message)


def test_what_whatsapp_has_no_way_for_is_refused():
    with pytest.raises(Refused, match="^not supported on WhatsApp"):
        check("refer", {})


def test_what_only_a_call_can_know_is_not_asked(monkeypatch):
    def build(*_):
        raise Refused(MediaErrorCode.NO_SUCH_SESSION, "no other call is there")

    monkeypatch.setattr(checking, "build", build)

    check("play", {})  # raises nothing
