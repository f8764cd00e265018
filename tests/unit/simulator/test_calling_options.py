import pytest

from simulator.calling_options import opaque, wanted
from simulator.graph_errors import GraphError

RECORDING = {"status": "ENABLED", "purpose": "quality", "announcement_language": "en_GB"}


def test_what_is_left_out_is_nothing():
    assert opaque({}) is None
    assert wanted({}) is False


def test_what_is_right_is_taken():
    assert opaque({"biz_opaque_callback_data": "x" * 512}) == "x" * 512
    assert wanted({"recording": RECORDING, "transcription": RECORDING})
    assert not wanted({"transcription": RECORDING})
    assert not wanted({"recording": {**RECORDING, "status": "DISABLED"}})


@pytest.mark.parametrize("value", ["x" * 513, 5])
def test_opaque_data_is_a_short_text(value):
    with pytest.raises(GraphError):
        opaque({"biz_opaque_callback_data": value})


@pytest.mark.parametrize("name", ["recording", "transcription"])
@pytest.mark.parametrize(
    "change",
    [
        {"status": "ON"},
        {"purpose": ""},
        {"purpose": "x" * 251},
        {"announcement_language": "tlh"},
        {"colour": "blue"},
    ],
)
def test_wrong_options_are_refused(name, change):
    with pytest.raises(GraphError):
        wanted({name: {**RECORDING, **change}})


def test_an_option_is_an_object():
    with pytest.raises(GraphError):
        wanted({"recording": "ENABLED"})
