import pickle

import pytest

from sdp.errors import LocalSdpError, RemoteSdpCause, RemoteSdpError, SdpError


def test_a_remote_error_is_bad_sdp_unless_told_otherwise():
    assert RemoteSdpError("the SDP is empty").cause == "bad_sdp"


def test_a_remote_error_can_say_that_no_codec_is_common():
    error = RemoteSdpError("no Opus", cause=RemoteSdpCause.NO_COMMON_CODEC)

    assert error.cause == "no_common_codec"
    assert str(error) == "no Opus"


def test_a_remote_error_survives_the_way_between_processes():
    error = RemoteSdpError("no Opus", cause=RemoteSdpCause.NO_COMMON_CODEC)

    again = pickle.loads(pickle.dumps(error))

    assert (str(again), again.cause) == ("no Opus", "no_common_codec")


@pytest.mark.parametrize("kind", [RemoteSdpError, LocalSdpError])
def test_both_errors_are_sdp_errors_and_value_errors(kind):
    assert issubclass(kind, SdpError)
    assert issubclass(kind, ValueError)


def test_their_mistake_is_not_ours():
    assert not issubclass(RemoteSdpError, LocalSdpError)
    assert not issubclass(LocalSdpError, RemoteSdpError)
