import pytest

from simulator.keypad import press


def test_a_key_is_held_for_five_ticks_and_ends_three_times():
    steps = press("5")

    payloads = [[packet.payload for packet in step] for step in steps]
    assert payloads == [
        [bytes([5, 10, 0, 160])],
        [bytes([5, 10, 1, 64])],
        [bytes([5, 10, 1, 224])],
        [bytes([5, 10, 2, 128])],
        [bytes([5, 10, 3, 32])],
        [bytes([5, 0x8A, 3, 32])] * 3,
        [],
        [],
        [],
        [],
    ]


def test_only_the_first_packet_has_the_marker_and_all_know_when_the_key_went_down():
    packets = [packet for step in press("#", ticks=2, pause=0) for packet in step]

    assert [packet.marker for packet in packets] == [True, False, False, False, False]
    assert [packet.tick for packet in packets] == [0, 1, 2, 2, 2]


@pytest.mark.parametrize(("digit", "code"), [("0", 0), ("*", 10), ("#", 11), ("D", 15)])
def test_every_key_has_its_event_code(digit, code):
    assert (press(digit)[0][0].payload or b"\xff")[0] == code
