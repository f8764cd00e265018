import pytest

from simulator.accounts import User
from simulator.people import People, UserPlan


def test_an_unknown_number_has_a_user_who_has_allowed_nothing():
    people = People()

    plan = people.find("447700900777", "")

    assert plan is not None
    assert plan.permission is None
    assert people.all() == [plan]


def test_users_are_found_by_either_id_and_the_number_wins():
    people = People()
    people.put(UserPlan(wa_id="447700900001", user_id="GB.1"))
    people.put(UserPlan(wa_id="447700900002", user_id="GB.2"))

    by_id, by_number = people.find("", "GB.2"), people.find("447700900001", "GB.2")

    assert by_id is not None
    assert by_number is not None
    assert (by_id.wa_id, by_number.wa_id) == ("447700900002", "447700900001")
    assert people.find("", "GB.3") is None
    people.clear()
    assert people.find("", "GB.2") is None


def test_callers_are_met_once():
    people = People()
    people.put(UserPlan(wa_id="447700900001", name="Known"))

    people.meet(User("447700900001", "Other", "GB.9"))
    people.meet(User("447700900002", "New", "GB.8"))

    assert [plan.name for plan in people.all()] == ["Known", "New"]
    assert people.find("", "GB.8") is not None


def test_a_user_has_an_id_even_if_none_was_given():
    assert UserPlan().user().user_id.startswith("GB.")
    assert UserPlan().user().username is None
    assert UserPlan(username="ada").user().username == "ada"


def test_senseless_plans_are_refused():
    with pytest.raises(ValueError, match="digits"):
        UserPlan(wa_id="Ada")
    with pytest.raises(ValueError, match="dtmf"):
        UserPlan(dtmf="12x")
