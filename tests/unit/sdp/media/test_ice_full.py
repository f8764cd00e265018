"""The controlling agent: an ICE-lite peer that answers late, not at all, or from elsewhere."""

from __future__ import annotations

import pytest

from sdp.media import ice, stun
from sdp.media.ice_full import FullAgent, check_interval
from tests.unit.sdp.media.stun_peer import (
    OURS,
    PEER,
    STRANGER,
    THEIRS,
    kinds,
    nominates,
    reply,
    request,
)


def agent(*, candidates=(PEER,)) -> FullAgent:
    return FullAgent(
        local=OURS,
        remote=THEIRS,
        candidates=candidates,
        tie_breaker=500,
        transaction_prefix=b"\x11" * 8,
        now=0.0,
    )


def connect(us: FullAgent, now: float = 0.0) -> None:
    """Two round trips with an ICE-lite peer."""
    ((check, _),) = us.tick(now)
    ((nomination, _),) = us.receive(reply(check), PEER, now)
    assert us.receive(reply(nomination), PEER, now) == []
    assert us.selected == PEER


def test_a_pair_is_proven_first_and_nominated_then():
    us = agent()
    ((check, _),) = us.tick(0.0)

    ((nomination, address),) = us.receive(reply(check), PEER, 0.01)

    assert nominates((nomination, address))
    assert us.selected is None
    us.receive(reply(nomination), PEER, 0.03)
    assert us.selected == PEER
    assert us.is_fixed
    assert us.round_trip == pytest.approx(0.02)


def test_a_second_success_does_not_nominate_twice():
    us = agent(candidates=(PEER, STRANGER))
    (first, _), (second, _) = us.tick(0.0)
    us.receive(reply(first), PEER, 0.01)

    assert us.receive(reply(second), STRANGER, 0.01) == []


def test_the_nomination_is_repeated_until_it_is_answered():
    us = agent()
    ((check, _),) = us.tick(0.0)
    us.receive(reply(check), PEER, 0.0)

    repeats = [us.tick(now / 100) for now in range(1, 100)]

    assert all(nominates(one) for sent in repeats for one in sent)
    assert sum(map(len, repeats)) > 10


def test_a_nomination_that_nobody_answers_is_given_up():
    us = agent(candidates=(PEER, STRANGER))
    (check, _), _ = us.tick(0.0)
    us.receive(reply(check), PEER, 0.0)

    later = us.tick(1.5)

    assert [address for _, address in later] == [PEER, STRANGER]
    assert not any(map(nominates, later))


def test_checks_are_fast_at_first_and_slower_then():
    assert [check_interval(age) for age in (0, 1.9, 2, 9.9, 10, 60)] == [
        0.02,
        0.02,
        0.1,
        0.1,
        0.5,
        0.5,
    ]


def test_nothing_is_sent_before_its_time():
    us = agent()
    us.tick(0.0)

    assert us.tick(0.01) == []
    assert len(us.tick(0.02)) == 1


def test_many_candidates_take_turns():
    candidates = [("192.0.2.9", port) for port in range(1, 7)]
    us = agent(candidates=candidates)

    first, second = us.tick(0.0), us.tick(0.02)

    assert [address for _, address in first] == candidates[:4]
    assert [address for _, address in second] == [*candidates[4:], *candidates[:2]]


def test_candidates_beyond_the_limit_are_left_out():
    us = agent(candidates=[("192.0.2.9", port) for port in range(1, 100)])

    assert len(us._pairs) == ice.MAX_PAIRS


def test_consent_is_asked_for_about_every_five_seconds():
    us = agent()
    connect(us)

    asked = [now for now in range(0, 60) if us.tick(float(now))]

    gaps = {b - a for a, b in zip(asked, asked[1:], strict=False)}
    assert gaps <= {4, 5, 6}


def test_an_answer_renews_consent():
    us = agent()
    connect(us)
    assert us.consent_until == 30.0

    ((check, _),) = us.tick(7.0)
    us.receive(reply(check), PEER, 7.1)

    assert us.consent_until == pytest.approx(37.1)


def test_an_answer_from_elsewhere_does_not():
    us = agent()
    connect(us)
    ((check, _),) = us.tick(7.0)

    us.receive(reply(check), STRANGER, 7.1)

    assert us.consent_until == 30.0


def test_the_selected_pair_never_changes_when_we_control():
    us = agent(candidates=(PEER, STRANGER))
    (check, _), (other, _) = us.tick(0.0)
    ((nomination, _),) = us.receive(reply(check), PEER, 0.0)
    us.receive(reply(nomination), PEER, 0.0)

    us.receive(reply(other), STRANGER, 0.0)
    replies = us.receive(request((stun.USE_CANDIDATE, b"")), STRANGER, 0.1)

    assert us.selected == PEER
    assert [stun.decode(data).kind for data, _ in replies] == [stun.SUCCESS]


def test_peer_reflexive_pairs_are_bounded():
    us = agent(candidates=())
    for port in range(1, 100):
        us.receive(request(), ("192.0.2.9", port), 0.0)

    assert len(us._pairs) == ice.MAX_PAIRS


def test_a_request_is_answered_with_the_address_it_came_from():
    (answer, address), _ = agent(candidates=()).receive(request(), PEER, 0.0)

    message = stun.decode(answer)
    assert address == PEER
    assert message.kind == stun.SUCCESS
    assert message.attributes[stun.XOR_MAPPED_ADDRESS] == stun.xor_address(PEER, bytes(12))
    assert stun.is_authentic(message, b"our-password")


def test_a_peers_check_triggers_one_of_ours_but_not_a_storm():
    us = agent(candidates=())

    assert [kinds(us.receive(request(), PEER, now)) for now in (0.0, 0.01, 0.02)] == [
        [stun.SUCCESS, stun.REQUEST],
        [stun.SUCCESS],
        [stun.SUCCESS, stun.REQUEST],
    ]


def test_media_from_elsewhere_move_nothing():
    assert agent().media_came(STRANGER, 0.0) == []


def test_a_success_of_another_pair_does_not_renew_consent():
    us = agent(candidates=(PEER, STRANGER))
    (check, _), (other, _) = us.tick(0.0)
    ((nomination, _),) = us.receive(reply(check), PEER, 0.0)
    us.receive(reply(nomination), PEER, 0.0)

    us.receive(reply(other), STRANGER, 5.0)

    assert us.consent_until == ice.CONSENT_SECONDS
