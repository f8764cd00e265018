import numpy as np
import pytest

from simulator import sound
from simulator.ear import Ear, read_wav, write_wav
from simulator.opus import FRAME, clip
from simulator.voice import RATE

TONE = clip("tone", 440, -12.0)


def hear(ear: Ear, numbers, start: float = 0.0, first_timestamp: int = 5000) -> None:
    for n in numbers:
        timestamp = (first_timestamp + n * FRAME) & 0xFFFFFFFF
        ear.hear((65530 + n) & 0xFFFF, timestamp, TONE[n % 50], start + n * 0.02)


def test_a_second_of_tone_is_heard_from_its_first_packet_on():
    ear = Ear()
    ear.begin(10.0)

    hear(ear, range(50), start=10.5)

    samples = ear.samples()
    assert (ear.packets, ear.lost, ear.late, ear.off_step) == (50, 0, 0, 0)
    assert len(samples) == RATE // 2 + RATE
    assert sound.first_audible(samples) == pytest.approx(0.5, abs=0.021)
    assert ear.first_sound == pytest.approx(10.5, abs=0.021)
    assert ear.largest_gap == pytest.approx(0.02)


def test_lost_packets_leave_silence_where_they_belong():
    ear = Ear()
    ear.begin(0.0)

    hear(ear, [*range(25), *range(35, 50)])

    assert ear.lost == 10
    assert ear.off_step == 0
    assert sound.loudness(ear.samples()[25 * FRAME : 35 * FRAME]) == -120.0
    assert len(ear.samples()) == RATE


def test_a_packet_that_comes_too_late_or_twice_is_not_played():
    ear = Ear()
    ear.begin(0.0)

    hear(ear, [0, 1, 3, 2, 3])

    assert (ear.packets, ear.late, ear.lost) == (5, 2, 1)


def test_a_timestamp_that_does_not_fit_its_sequence_number_is_counted():
    ear = Ear()
    ear.begin(0.0)

    ear.hear(1, 0, TONE[0], 0.0)
    ear.hear(2, 480, TONE[1], 0.02)

    assert ear.off_step == 1


def test_a_new_clock_does_not_tear_the_time_line():
    ear = Ear()
    ear.begin(0.0)

    ear.hear(1, 0, TONE[0], 0.0)
    ear.hear(2, 3_000_000_000, TONE[1], 0.04)

    assert len(ear.samples()) == 3 * FRAME


def test_what_came_before_the_accept_is_not_on_the_time_line():
    ear = Ear()
    hear(ear, range(10))

    ear.begin(0.2)
    hear(ear, range(10, 20))

    assert ear.packets == 20
    assert len(ear.samples()) == 10 * FRAME


def test_garbage_is_counted_and_leaves_silence():
    ear = Ear()
    ear.begin(0.0)

    ear.hear(1, 0, b"\xff" * 7, 0.0)

    assert ear.undecodable == 1
    assert len(ear.samples()) == 0


def test_sound_can_be_released_without_losing_the_counts():
    ear = Ear()
    ear.begin(0.0)
    hear(ear, range(5))

    ear.release()

    assert ear.packets == 5
    assert sound.loudness(ear.samples()) == -120.0


def test_wav_files_come_back_as_they_went(tmp_path):
    samples = np.array([0, 1, -32768, 32767], dtype=np.int16)

    write_wav(tmp_path / "a.wav", samples)

    assert read_wav(tmp_path / "a.wav").tolist() == [0, 1, -32768, 32767]
