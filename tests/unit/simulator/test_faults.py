import pytest

from simulator.faults import Fault, FaultOrder, GraphFaults
from simulator.reading import BadRequest, read

RESET = Fault("reset")
HTML = Fault("html")


def test_a_fault_meets_as_many_requests_as_ordered():
    faults = GraphFaults()
    faults.add(FaultOrder(RESET, action="accept", times=2))

    taken = [faults.take("accept", "1", "c") for _ in range(3)]

    assert taken == [RESET, RESET, None]
    assert faults.waiting() == 0


def test_zero_times_means_until_it_is_deleted():
    faults = GraphFaults()
    faults.add(FaultOrder(RESET, times=0))

    assert [faults.take("reject", None, None) for _ in range(5)] == [RESET] * 5
    faults.clear()
    assert faults.take("reject", None, None) is None


def test_faults_wait_for_the_request_that_was_meant():
    faults = GraphFaults()
    faults.add(FaultOrder(RESET, action="accept", phone_number_id="2"))
    faults.add(FaultOrder(HTML, action="accept", call_id="c"))

    assert faults.take("pre_accept", "2", "c") is None
    assert faults.take("accept", "1", "d") is None
    assert faults.take("accept", "1", "c") == HTML
    assert faults.take("accept", "2", "d") == RESET


def test_an_order_needs_a_sensible_count():
    with pytest.raises(BadRequest, match="times must be 0 or more"):
        read(FaultOrder, {"fault": {"kind": "reset"}, "times": -1})
