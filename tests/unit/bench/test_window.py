import numpy as np

from bench.batches import Received
from bench.sound import loudest_dbfs, packets, quiet, speech
from bench.window import Window, is_audible


class Open:
    """Its packets are not encrypted."""

    def payload(self, packet):
        return packet[12:]


def batch(port, payloads):
    data = np.zeros((len(payloads), 600), np.uint8)
    lengths = [12 + len(payload) for payload in payloads]
    for row, (line, payload) in enumerate(zip(data, payloads, strict=True)):
        line[2:4] = divmod(row, 256)
        line[12 : 12 + len(payload)] = np.frombuffer(payload, np.uint8)
    return Received(
        data=data,
        lengths=np.array(lengths, np.uint32),
        hosts=np.zeros((len(payloads), 4), np.uint8),
        ports=np.full(len(payloads), port, np.uint16),
        stamps=np.arange(len(payloads)) * 20_000_000,
    )


def heard(*streams):
    window = Window(0, {port: Open() for port, _ in streams})
    for port, payloads in streams:
        window.add(batch(port, payloads), np.ones(len(payloads), np.bool_))
    return window.end(1_000_000_000)


def test_a_call_is_heard_in_which_somebody_speaks():
    figures = heard((7, packets(speech(1.0))), (8, packets(quiet(1.0))))

    assert figures["heard"] == 0.5
    assert figures["calls_heard"] == 2
    assert figures["packets"] > 90
    assert figures["pacing_sd_ms"] == 0


def test_a_call_from_which_nothing_comes_is_not_heard():
    assert heard((7, []))["heard"] == 0


def test_nobody_listens_before_there_is_a_call():
    figures = heard()

    assert (figures["heard"], figures["packets"]) == (None, 0)


def test_what_is_no_sound_counts_as_a_packet_of_its_kind_only():
    window = Window(0, {})
    window.add(batch(7, [b"x", b"y"]), np.array([True, False]))

    assert window.end(1)["packets"] == 1


def test_packets_that_cannot_be_read_are_silent():
    assert not is_audible([b"", b""])


def test_levels_are_those_of_the_sound():
    assert loudest_dbfs([]) == -100
    assert -75 < loudest_dbfs(packets(quiet(1.0))) < -55
    assert -25 < loudest_dbfs(packets(speech(1.0))) < 0
