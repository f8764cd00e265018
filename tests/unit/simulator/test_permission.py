import pytest

from simulator.permission import DAY, WEEK, Permission

NOW = 1_790_000_000.0


def shown(permission, now=NOW):
    return permission.shown(now)


def actions(permission, now=NOW):
    return {one["action_name"]: one for one in shown(permission, now)["actions"]}


def test_nobody_has_allowed_anything_at_first():
    assert shown(Permission()) == {
        "permission": {"status": "no_permission"},
        "actions": [
            {
                "action_name": "send_call_permission_request",
                "can_perform_action": True,
                "limits": [
                    {"time_period": "PT24H", "max_allowed": 1, "current_usage": 0},
                    {"time_period": "P7D", "max_allowed": 2, "current_usage": 0},
                ],
            },
            {
                "action_name": "start_call",
                "can_perform_action": False,
                "limits": [{"time_period": "PT24H", "max_allowed": 100, "current_usage": 0}],
            },
        ],
    }


def test_a_temporary_permission_lasts_seven_days():
    permission = Permission()
    permission.allow(NOW)

    assert shown(permission)["permission"] == {
        "status": "temporary",
        "expiration_time": NOW + WEEK,
    }
    assert permission.status(NOW + WEEK - 1) == "temporary"
    assert permission.status(NOW + WEEK) == "no_permission"
    assert permission.expires_at(NOW + WEEK) is None


def test_time_is_scaled_unless_the_end_is_told():
    permission = Permission(scale=0.1)
    permission.allow(NOW)
    assert permission.expires_at(NOW) == NOW + WEEK / 10

    permission.allow(NOW, 3.0)

    assert permission.status(NOW + 2.9) == "temporary"
    assert permission.status(NOW + 3.0) == "no_permission"


def test_a_permanent_permission_makes_asking_pointless():
    permission = Permission()
    permission.allow_for_good()

    assert permission.status(NOW + 10 * WEEK) == "permanent"
    assert shown(permission)["permission"] == {"status": "permanent"}
    assert not actions(permission)["send_call_permission_request"]["can_perform_action"]
    assert actions(permission)["start_call"]["can_perform_action"]
    permission.withdraw()
    assert permission.status(NOW) == "no_permission"


def test_one_request_a_day_and_two_a_week():
    permission = Permission()
    permission.asked(NOW)
    assert not permission.may_ask(NOW + DAY - 1)
    limits = actions(permission)["send_call_permission_request"]["limits"]
    assert limits[0]["limit_expiration_time"] == NOW + DAY + 1
    assert "limit_expiration_time" not in limits[1]

    assert permission.may_ask(NOW + DAY)
    permission.asked(NOW + DAY)

    assert not permission.may_ask(NOW + 2 * DAY + 1)
    assert permission.may_ask(NOW + WEEK)


def test_a_connected_call_lets_the_business_ask_again():
    permission = Permission()
    permission.asked(NOW)

    permission.talked()

    assert permission.may_ask(NOW)


def test_a_hundred_calls_a_day():
    permission = Permission()
    permission.allow_for_good()
    for count in range(99):
        permission.picked_up(NOW + count)
    assert permission.call_limit_ends(NOW + 200) is None

    permission.picked_up(NOW + 99)

    assert permission.call_limit_ends(NOW + 200) == NOW + DAY + 1
    assert not actions(permission, NOW + 200)["start_call"]["can_perform_action"]
    assert permission.call_limit_ends(NOW + DAY) is None


@pytest.mark.parametrize("between", [False, True])
def test_four_unanswered_calls_in_a_row_cost_the_permission(between):
    permission = Permission()
    permission.allow_for_good()
    assert [permission.missed() for _ in range(3)] == [False] * 3
    if between:
        permission.picked_up(NOW)

    assert permission.missed() is not between

    assert permission.status(NOW) == ("permanent" if between else "no_permission")
    assert permission.unanswered == (1 if between else 0)
