import pytest

from simulator.faults import FaultOrder
from simulator.orders import RawOrder
from simulator.plans import CallPlan
from simulator.reading import BadRequest, read
from simulator.switches import Batch


def test_a_full_plan_is_read():
    plan = read(
        CallPlan,
        {
            "from": "447700900123",
            "speak": {"kind": "tone", "frequency": 600},
            "hang_up_after": 3,
            "cancel_after": None,
            "listen_for": [440, 600],
            "delivery": {
                "delay": {"connect": 1},
                "lose": ["terminate"],
                "batch": {"label": "a", "size": 3},
            },
            "media": {"mute": [1, 2.5]},
        },
    )

    assert plan.wa_id == "447700900123"
    assert plan.speak.frequency == 600
    assert plan.hang_up_after == 3.0
    assert plan.cancel_after is None
    assert plan.listen_for == (440, 600)
    assert plan.delivery.delay == {"connect": 1.0}
    assert plan.delivery.lose == ("terminate",)
    assert plan.delivery.batch == Batch("a", 3)
    assert plan.media.mute == (1.0, 2.5)


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ([], "body must be an object"),
        ({"hangup_after": 1}, "body has no key 'hangup_after'"),
        ({"wa_id": "1"}, "body has no key 'wa_id'"),
        ({"name": 5}, "body.name must be a str"),
        ({"accept_timeout": "5"}, "body.accept_timeout must be a float"),
        ({"accept_timeout": True}, "body.accept_timeout must be a float"),
        ({"profile": "future"}, "body.profile must be one of modern, legacy, sdes"),
        ({"speak": 3}, "body.speak must be an object"),
        ({"listen_for": 440}, "body.listen_for must be a list"),
        ({"listen_for": [4.5]}, "body.listen_for[0] must be a int"),
        ({"delivery": {"delay": 1}}, "body.delivery.delay must be an object"),
        ({"delivery": {"duplicates": 1}}, "body.delivery has no key 'duplicates'"),
        ({"media": {"gap": [1]}}, "body.media: gap must be [start, seconds]"),
        ({"from": "+44"}, "body: from must be digits"),
        ({"dtmf": "12x"}, "body: dtmf may contain"),
        ({"speak": {"frequency": 20}}, "body.speak: frequency must be between"),
        ({"speak": {"level": 0.0}}, "body.speak: level must be between"),
    ],
)
def test_nonsense_is_refused_with_a_sentence(body, complaint):
    with pytest.raises(BadRequest) as refusal:
        read(CallPlan, body)

    assert complaint in str(refusal.value)


def test_a_missing_key_is_refused():
    with pytest.raises(BadRequest, match="fault"):
        read(FaultOrder, {})


def test_a_value_of_any_kind_is_taken_where_any_is_allowed():
    assert read(RawOrder, {"value": [1, {"a": None}]}).value == [1, {"a": None}]
