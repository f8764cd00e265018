"""The lite agent: browsers that nominate, move, nominate everything, fall silent or lie."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdp.media import ice, stun
from sdp.media.ice_lite import SILENT_SECONDS, LiteAgent
from tests.unit.sdp.media.stun_peer import (
    JUNK,
    NOMINATE,
    OURS,
    PEER,
    THEIRS,
    kinds,
    nominates,
    reply,
    request,
)

ELSEWHERE = ("198.51.100.7", 7000)


def agent() -> LiteAgent:
    return LiteAgent(
        local=OURS,
        remote=THEIRS,
        tie_breaker=500,
        transaction_prefix=b"\x11" * 8,
        now=0.0,
    )


def connected() -> LiteAgent:
    """The browser has nominated PEER and answered our first question."""
    us = agent()
    _, (question, _) = us.receive(check(nominate=True), PEER, 0.0)
    us.receive(reply(question), PEER, 0.1)
    return us


def check(*, nominate: bool = False, priority: int = 100) -> bytes:
    attributes = [(stun.PRIORITY, struct.pack("!I", priority))]
    return request(*attributes, *([NOMINATE] if nominate else []))


def move(us: LiteAgent, now: float, **how: int) -> bytes:
    """The browser nominates ELSEWHERE; our question whether anybody is there."""
    answer, (question, address) = us.receive(check(nominate=True, **how), ELSEWHERE, now)
    assert kinds([answer]) == [stun.SUCCESS]
    assert address == ELSEWHERE
    return question


def test_nothing_is_sent_before_the_browser_speaks():
    us = agent()

    assert us.tick(0.0) == []
    assert us.tick(1e9) == []
    assert not us.is_fixed


def test_a_check_is_answered_and_not_returned():
    ((answer, address),) = agent().receive(check(), PEER, 0.0)

    message = stun.decode(answer)
    assert address == PEER
    assert message.kind == stun.SUCCESS
    assert message.attributes[stun.XOR_MAPPED_ADDRESS] == stun.xor_address(PEER, bytes(12))
    assert stun.is_authentic(message, b"our-password")


def test_the_first_nominated_pair_is_selected_at_once():
    us = agent()
    us.receive(check(), ELSEWHERE, 0.0)
    assert us.selected is None

    _, question = us.receive(check(nominate=True), PEER, 0.1)

    assert us.selected == PEER
    message = stun.decode(question[0])
    assert message.attributes[stun.USERNAME] == b"them:ours"
    assert stun.ICE_CONTROLLED in message.attributes
    assert not nominates(question)


@pytest.mark.parametrize("priority", [b"", b"\0\1", None])
def test_a_check_without_a_sound_priority_is_answered_too(priority):
    attributes = [] if priority is None else [(stun.PRIORITY, priority)]
    us = agent()

    us.receive(request(*attributes, NOMINATE), PEER, 0.0)

    assert us.selected == PEER


def test_a_peer_that_claims_to_be_controlled_is_told_that_it_cannot_be():
    us = agent()
    role = (stun.ICE_CONTROLLED, struct.pack("!Q", 1))

    ((answer, _),) = us.receive(request(role, NOMINATE), PEER, 0.0)

    assert stun.read_error_code(stun.decode(answer)) == stun.ROLE_CONFLICT
    assert us.selected is None


# --- consent ------------------------------------------------------------------------------------


def test_consent_is_asked_for_about_every_five_seconds():
    us = connected()

    asked = [now for now in range(1, 60) if us.tick(float(now))]

    assert {b - a for a, b in zip(asked, asked[1:], strict=False)} <= {4, 5, 6}
    assert us.tick(asked[-1] + 0.1) == []


def test_without_answers_consent_ends_after_thirty_seconds():
    us = agent()
    us.receive(check(nominate=True), PEER, 1.0)
    us.receive(check(nominate=True), PEER, 20.0)

    assert us.consent_until == 31.0


def test_an_answer_renews_consent():
    us = connected()
    assert us.consent_until == pytest.approx(30.1)

    ((question, _),) = us.tick(7.0)
    us.receive(reply(question), PEER, 7.5)

    assert us.consent_until == 37.5
    assert us.round_trip == 0.5


def test_an_answer_from_elsewhere_does_not():
    us = connected()
    ((question, _),) = us.tick(7.0)

    us.receive(reply(question), ELSEWHERE, 7.5)

    assert us.consent_until == pytest.approx(30.1)


# --- a browser that moves -----------------------------------------------------------------------


def test_a_browser_is_followed_once_its_new_address_has_answered():
    us = connected()
    us.receive(check(), PEER, 4.9)  # what was nominated is so no more

    question = move(us, 5.0)
    assert us.selected == PEER
    us.receive(reply(question), ELSEWHERE, 5.2)

    assert us.selected == ELSEWHERE
    assert us.consent_until == 35.2


def test_a_new_address_that_never_answers_gets_nothing():
    us = connected()
    us.receive(check(), PEER, 4.9)
    move(us, 5.0)

    assert kinds(us.receive(check(nominate=True), ELSEWHERE, 5.05)) == [stun.SUCCESS]
    assert kinds(us.receive(check(nominate=True), ELSEWHERE, 5.2)) == [stun.SUCCESS, stun.REQUEST]
    assert us.selected == PEER


def test_a_better_pair_is_taken_though_the_old_one_is_still_nominated():
    us = connected()

    us.receive(reply(move(us, 1.0, priority=101)), ELSEWHERE, 1.1)

    assert us.selected == ELSEWHERE


@pytest.mark.parametrize("priority", [99, 100])
def test_no_worse_pair_is_taken_while_all_are_nominated(priority):
    us = connected()

    answers = us.receive(check(nominate=True, priority=priority), ELSEWHERE, 1.0)

    assert kinds(answers) == [stun.SUCCESS]
    assert us.selected == PEER


def test_a_pair_that_is_not_nominated_is_not_taken():
    us = connected()

    assert kinds(us.receive(check(priority=999), ELSEWHERE, 1.0)) == [stun.SUCCESS]


def test_a_worse_pair_is_taken_when_the_old_one_is_silent():
    us = connected()

    us.receive(reply(move(us, SILENT_SECONDS + 0.1, priority=1)), ELSEWHERE, 6.2)

    assert us.selected == ELSEWHERE


def test_a_worse_pair_is_taken_when_media_come_from_it():
    us = connected()
    us.receive(check(nominate=True, priority=1), ELSEWHERE, 1.0)

    ((question, address),) = us.media_came(ELSEWHERE, 1.02)
    assert address == ELSEWHERE
    assert us.media_came(ELSEWHERE, 1.04) == []
    us.receive(reply(question), ELSEWHERE, 1.1)

    assert us.selected == ELSEWHERE


def test_media_from_a_new_port_of_the_browsers_nat_are_followed_before_any_check():
    us = connected()

    ((question, address),) = us.media_came(ELSEWHERE, 1.0)
    assert (us.selected, address) == (PEER, ELSEWHERE)
    us.receive(reply(question), ELSEWHERE, 1.05)

    assert us.selected == ELSEWHERE


def test_late_media_of_an_old_pair_change_nothing():
    us = connected()
    us.receive(check(nominate=True, priority=1), ELSEWHERE, 1.0)
    us.receive(check(nominate=True), PEER, 1.01)

    assert us.media_came(ELSEWHERE, 1.02) == []


def test_a_browser_that_comes_back_is_followed_without_a_question():
    us = connected()
    us.receive(reply(move(us, 1.0, priority=101)), ELSEWHERE, 1.1)
    us.receive(check(), ELSEWHERE, 2.0)

    assert kinds(us.receive(check(nominate=True), PEER, 2.1)) == [stun.SUCCESS]

    assert us.selected == PEER
    assert us.consent_until == pytest.approx(30.1)


def test_a_new_address_answers_too_late_when_the_browser_is_back():
    us = connected()
    us.receive(check(), PEER, 0.9)
    question = move(us, 1.0)
    us.receive(check(nominate=True), PEER, 1.1)

    us.receive(reply(question), ELSEWHERE, 1.2)

    assert us.selected == PEER


# --- what must not be believed ------------------------------------------------------------------


@pytest.mark.parametrize(
    "data", [*JUNK, request(password="wrong"), request(NOMINATE, user="ours:somebody")]
)
def test_junk_gets_no_reply_and_changes_nothing(data):
    us = agent()

    assert us.receive(data, PEER, 0.0) == []
    assert us._paths == {}


def test_addresses_are_bounded_and_the_selected_one_stays():
    us = connected()
    for port in range(1, 100):
        us.receive(check(), ("192.0.2.9", port), 1.0 + port)

    assert us.selected == PEER
    newest = range(100 - ice.MAX_PAIRS + 1, 100)
    assert list(us._paths) == [PEER, *(("192.0.2.9", port) for port in newest)]


def test_an_answer_of_a_forgotten_address_is_ignored():
    us = connected()
    us.receive(check(), PEER, 0.9)
    question = move(us, 1.0)
    for port in range(1, 100):
        us.receive(check(), ("192.0.2.9", port), 1.0 + port)

    assert us.receive(reply(question), ELSEWHERE, 101.0) == []
    assert us.selected == PEER


@given(st.lists(st.tuples(st.binary(max_size=60), st.sampled_from([PEER, ELSEWHERE]))))
def test_any_datagrams_are_survived(datagrams):
    us = connected()
    for data, source in datagrams:
        assert us.receive(data, source, 1.0) == []
    assert us.selected == PEER
