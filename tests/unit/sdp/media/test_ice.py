"""What both kinds of ICE agent share: what is believed, what is not, and what checks carry."""

from __future__ import annotations

import struct
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdp.media import ice, stun
from sdp.media.ice_full import FullAgent
from sdp.media.ice_lite import LiteAgent
from tests.unit.sdp.media.stun_peer import (
    JUNK,
    NOMINATE,
    OURS,
    PEER,
    STRANGER,
    THEIRS,
    reply,
    request,
)

US = ("192.0.2.1", 1000)


def agent(*, candidates=(PEER,)) -> FullAgent:
    return FullAgent(
        local=OURS,
        remote=THEIRS,
        candidates=candidates,
        tie_breaker=500,
        transaction_prefix=b"\x11" * 8,
        now=0.0,
    )


def browser() -> FullAgent:
    """The controlling side of a lite agent."""
    return FullAgent(
        local=THEIRS,
        remote=OURS,
        candidates=(US,),
        tie_breaker=400,
        transaction_prefix=b"\x22" * 8,
        now=0.0,
    )


def test_passwords_do_not_show():
    assert repr(OURS) == "Credentials(ufrag='ours')"


def test_a_check_carries_what_rfc_8445_demands():
    ((data, address),) = agent().tick(0.0)

    message = stun.decode(data)
    assert address == PEER
    assert message.attributes[stun.USERNAME] == b"them:ours"
    assert message.attributes[stun.ICE_CONTROLLING] == struct.pack("!Q", 500)
    assert stun.PRIORITY in message.attributes
    assert stun.USE_CANDIDATE not in message.attributes
    assert stun.is_authentic(message, b"their-password")


@pytest.mark.parametrize(
    "data", [*JUNK, request(password="wrong"), request(NOMINATE, user="ours:somebody")]
)
def test_junk_gets_no_reply_and_changes_nothing(data):
    us = agent(candidates=())

    assert us.receive(data, STRANGER, 0.0) == []
    assert us.tick(0.1) == []
    assert us.selected is None


def test_a_forged_success_is_ignored():
    us = agent()
    ((check, _),) = us.tick(0.0)

    assert us.receive(reply(check, password="wrong"), PEER, 0.0) == []
    assert us.receive(reply(check), STRANGER, 0.0) == []
    assert us.receive(reply(check), PEER, 0.0) != []


def test_a_success_counts_once():
    us = agent()
    ((check, _),) = us.tick(0.0)
    us.receive(reply(check), PEER, 0.0)

    assert us.receive(reply(check), PEER, 0.0) == []


def test_an_unexpected_kind_of_response_is_ignored():
    us = agent()
    ((check, _),) = us.tick(0.0)

    assert us.receive(reply(check, stun.INDICATION), PEER, 0.0) == []
    assert us.selected is None


@pytest.mark.parametrize("code", [401, stun.ROLE_CONFLICT])
def test_errors_are_ignored(code):
    us = agent()
    ((check, _),) = us.tick(0.0)
    error = (stun.ERROR_CODE, stun.error_code(code, "not yet"))

    assert us.receive(reply(check, stun.ERROR, error), PEER, 0.0) == []
    assert us.tick(0.02) != []


def test_unanswered_checks_are_forgotten_at_last():
    us = agent()
    ((first, _),) = us.tick(0.0)
    for step in range(1, ice.MAX_TRANSACTIONS + 1):
        us.tick(step * 0.6)

    assert us.receive(reply(first), PEER, 100.0) == []
    assert len(us._transactions) == ice.MAX_TRANSACTIONS


@given(st.lists(st.tuples(st.binary(max_size=60), st.sampled_from([PEER, STRANGER])), max_size=20))
def test_any_datagrams_are_survived(datagrams):
    us = agent()
    us.tick(0.0)
    for data, source in datagrams:
        assert us.receive(data, source, 0.01) == []
    assert len(us.tick(0.05)) == 1


@settings(max_examples=30, deadline=None)
@given(st.integers())
def test_a_full_and_a_lite_agent_agree_over_a_lossy_network(seed):
    chance = Random(seed)
    them = browser()
    us = LiteAgent(
        local=OURS, remote=THEIRS, tie_breaker=500, transaction_prefix=b"\x11" * 8, now=0.0
    )
    ends = {id(us): (them, US), id(them): (us, PEER)}  # who gets what one sends, and from where

    for step in range(500):
        now = step * 0.02
        on_the_way: list[tuple[ice.IceAgent, bytes]] = [
            (one, data) for one in (us, them) for data, _ in one.tick(now)
        ]
        while on_the_way:
            sender, data = on_the_way.pop(0)
            receiver, source = ends[id(sender)]
            if chance.random() >= 0.4:
                answers = receiver.receive(data, source, now)
                on_the_way += [(receiver, answer) for answer, _ in answers]

    assert (us.selected, them.selected) == (PEER, US)


def test_while_an_offer_waits_nobody_is_checked_and_nobody_gets_a_reply():
    nobody = ice.Nobody()

    assert nobody.tick(100.0) == []
    assert nobody.receive(request(NOMINATE), PEER, 0.0) == []
    assert nobody.media_came(PEER, 0.0) == []
    assert nobody._request(stun.decode(request()), PEER, 0.0) == []
    assert nobody._success(ice.Transaction(PEER, 0.0, False), 0.0) == []
    assert nobody.selected is None
    assert not nobody.is_fixed
    assert nobody.next_at == nobody.consent_until == float("inf")
