"""The digits of our numbers, learned from Meta when nobody has typed them in."""

import pytest

from calls import number_details
from calls.domain.events import ProviderError
from calls.domain.vocabulary import HangupCause
from calls.graph import GraphError, Verdict
from tests.factories import T0, after, make_number

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_number_without_digits_gets_them_once(fake_graph):
    number = make_number(display_phone_number="")
    fake_graph.details = {"display_phone_number": "+55 11 5550-1234"}

    assert [number_details.learn(after(second)) for second in (0, 300)] == [1, 0]

    number.refresh_from_db()
    assert number.display_phone_number == "551155501234"
    assert fake_graph.probes == 1


@pytest.mark.parametrize(
    "told", [{}, {"display_phone_number": 5}, {"display_phone_number": "1" * 16}]
)
def test_an_odd_answer_changes_nothing(fake_graph, told):
    number = make_number(display_phone_number="")
    fake_graph.details = told

    assert number_details.learn(T0) == 0

    number.refresh_from_db()
    assert number.display_phone_number == ""


def test_what_somebody_has_typed_in_stays_and_nothing_is_asked(fake_graph):
    make_number(display_phone_number="44")
    make_number(wa_phone_number_id="2", display_phone_number="", access_token="")
    make_number(wa_phone_number_id="3", display_phone_number="", token_refused_at=T0)

    assert number_details.learn(T0) == 0
    assert fake_graph.probes == 0


def test_a_refused_token_is_found_out_and_not_tried_again(fake_graph):
    number = make_number(display_phone_number="")
    fake_graph.number_errors = [
        GraphError(
            Verdict.GIVE_UP,
            HangupCause.AUTHENTICATION_FAILED,
            "(190)",
            http_status=401,
            error=ProviderError(code=190, message="no"),
        )
    ]

    assert [number_details.learn(after(second)) for second in (0, 300)] == [0, 0]

    number.refresh_from_db()
    assert number.token_refused_at == T0
    assert fake_graph.probes == 1
