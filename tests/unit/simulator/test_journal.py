from simulator.journal import Journal


def test_times_count_from_the_moment_the_offer_left():
    journal = Journal(start=9.0)
    journal.note("accept", 10.5)
    journal.start = 10.0
    journal.note("offer_sent", 10.0)

    assert journal.timeline() == [
        {"at": 0.0, "what": "offer_sent"},
        {"at": 0.5, "what": "accept"},
    ]
    assert journal.milliseconds("accept") == 500.0
    assert journal.milliseconds("pre_accept") is None
    assert journal.accepts() == 1


def test_a_violation_is_reported_once_and_shown_on_the_time_line():
    journal = Journal(start=0.0)

    journal.violate("media before accept", 1.0)
    journal.violate("media before accept", 2.0)

    assert journal.violations == ["media before accept"]
    assert journal.timeline() == [{"at": 1.0, "what": "violation: media before accept"}]


def test_noting_once_keeps_the_first_time():
    journal = Journal(start=0.0)

    journal.note_once("first_packet", 1.0)
    journal.note_once("first_packet", 2.0)

    assert journal.time_of("first_packet") == 1.0
    assert len(journal.timeline()) == 1


def test_requests_are_kept_with_their_outcome():
    journal = Journal(start=1.0)

    journal.request("accept", 400, 100, 3.0)

    assert journal.requests() == [{"action": "accept", "status": 400, "code": 100, "at": 2.0}]
