from simulator.receiver_report import ReceiverReport


def feed(report: ReceiverReport, numbers, jitter: float = 0.0) -> None:
    for n in numbers:
        report.packet(77, n & 0xFFFF, n * 960, n * 0.02 + (jitter if n % 2 else 0.0))


def test_nothing_can_be_reported_before_the_first_packet():
    assert ReceiverReport().block(1.0) is None


def test_losses_count_for_the_interval_and_for_all():
    report = ReceiverReport()
    feed(report, [n for n in range(65530, 65630) if n % 4])
    first = report.block(2.0)
    feed(report, range(65630, 65730))
    second = report.block(4.0)

    assert first is not None
    assert second is not None
    assert (first.fraction_lost, first.packets_lost) == (64, 25)
    assert (second.fraction_lost, second.packets_lost) == (0, 25)
    assert second.highest_sequence == 65729
    assert second.ssrc == 77


def test_an_even_stream_has_no_jitter_and_an_uneven_one_has():
    even, uneven = ReceiverReport(), ReceiverReport()
    feed(even, range(200))
    feed(uneven, range(200), jitter=0.005)

    steady, shaken = even.block(4.0), uneven.block(4.0)

    assert steady is not None
    assert shaken is not None
    assert steady.jitter == 0
    assert 235 <= shaken.jitter <= 240


def test_a_new_clock_is_no_jitter():
    report = ReceiverReport()
    report.packet(77, 1, 0, 0.0)
    report.packet(77, 2, 3_000_000_000, 0.02)

    block = report.block(1.0)

    assert block is not None
    assert block.jitter == 0


def test_late_packets_do_not_move_the_highest_number_back():
    report = ReceiverReport()
    feed(report, [5, 7, 6])

    block = report.block(1.0)

    assert block is not None
    assert (block.highest_sequence, block.packets_lost) == (7, 0)


def test_the_last_sender_report_comes_back_with_its_age():
    report = ReceiverReport()
    feed(report, [1])
    report.sender_report(0x1122334455667788, 10.0)

    block = report.block(10.5)

    assert block is not None
    assert (block.lsr, block.dlsr) == (0x33445566, 32768)
