import numpy as np
import pytest

from bench import figures


def test_even_packets_have_no_deviation():
    stamps = np.arange(5) * 20_000_000

    measured = figures.stream(np.zeros(5, int), np.arange(5), stamps)

    assert measured == figures.Stream(packets=5, missing=0, pacing_sd_ms=0.0, largest_gap_ms=20.0)


def test_pacing_is_the_deviation_from_20_ms():
    stamps = np.array([0, 22, 40]) * 1_000_000  # 2 ms late, then caught up

    measured = figures.stream(np.zeros(3, int), np.arange(3), stamps)

    assert measured.pacing_sd_ms == pytest.approx(2.0)
    assert measured.largest_gap_ms == 22.0


def test_calls_are_measured_apart_and_in_the_order_of_arrival():
    calls = np.array([7, 5, 5, 7])
    sequences = np.array([11, 2, 1, 10])
    stamps = np.array([25, 21, 1, 5]) * 1_000_000

    measured = figures.stream(calls, sequences, stamps)

    assert (measured.packets, measured.missing, measured.pacing_sd_ms) == (4, 0, 0.0)


def test_lost_packets_are_counted_across_the_wrap_of_sequence_numbers():
    sequences = np.array([65_534, 1, 2])  # 65535 and 0 are missing

    measured = figures.stream(np.zeros(3, int), sequences, np.arange(3) * 20_000_000)

    assert measured.missing == 2


def test_a_late_packet_is_not_a_loss_of_thousands():
    sequences = np.array([10, 9, 11])

    measured = figures.stream(np.zeros(3, int), sequences, np.arange(3) * 20_000_000)

    assert measured.missing == 1  # from 9 to 11


def test_single_packets_have_no_intervals():
    measured = figures.stream(np.array([1, 2]), np.array([1, 1]), np.array([0, 5]))

    assert measured == figures.Stream(packets=2, missing=0, pacing_sd_ms=None, largest_gap_ms=None)


@pytest.mark.parametrize(
    ("percent", "expected"), [(50, 3.0), (95, 5.0), (100, 5.0), (20, 1.0), (0, 1.0)]
)
def test_percentiles_are_values_that_were_seen(percent, expected):
    assert figures.percentile([5.0, 1.0, 3.0, 2.0, 4.0], percent) == expected


def test_nothing_has_no_percentile_and_no_middle():
    assert figures.percentile([], 50) is None
    assert figures.middle([None, None]) is None


def test_the_middle_leaves_out_what_is_not_known():
    assert figures.middle([4.0, None, 1.0, 2.0]) == 2.0


def test_the_slope_of_memory_is_per_call():
    assert figures.slope([(10, 91.0), (20, 92.0), (30, 93.0)]) == pytest.approx(0.1)


def test_one_number_of_calls_has_no_slope():
    assert figures.slope([(10, 91.0), (10, 92.0)]) is None


def test_calls_per_core_are_call_seconds_per_cpu_second():
    assert figures.calls_per_core(packets=50 * 20 * 4, cpu_seconds=0.1) == pytest.approx(800.0)


@pytest.mark.parametrize(("packets", "cpu_seconds"), [(0, 1.0), (50, 0.0)])
def test_without_packets_or_cpu_time_there_are_no_calls_per_core(packets, cpu_seconds):
    assert figures.calls_per_core(packets, cpu_seconds) is None
