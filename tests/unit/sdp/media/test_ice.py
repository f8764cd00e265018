"""ICE: both roles, lossy networks, and peers that lie."""

from __future__ import annotations

import struct
from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdp.media import ice, stun
from sdp.media.ice import Credentials, Datagram, IceAgent, check_interval

US, PEER, STRANGER = ("192.0.2.1", 1000), ("192.0.2.2", 2000), ("192.0.2.66", 6666)
OURS = Credentials("ours", "our-password")
THEIRS = Credentials("them", "their-password")


def agent(*, controlling: bool = True, candidates=(PEER,), tie_breaker: int = 500) -> IceAgent:
    return IceAgent(
        local=OURS,
        remote=THEIRS,
        candidates=candidates,
        controlling=controlling,
        tie_breaker=tie_breaker,
        transaction_prefix=b"\x11" * 8,
        now=0.0,
    )


def peer(*, controlling: bool, tie_breaker: int = 400) -> IceAgent:
    return IceAgent(
        local=THEIRS,
        remote=OURS,
        candidates=(US,),
        controlling=controlling,
        tie_breaker=tie_breaker,
        transaction_prefix=b"\x22" * 8,
        now=0.0,
    )


def request(*attributes: tuple[int, bytes], password: str = OURS.password, user: str = "") -> bytes:
    name = user or f"{OURS.ufrag}:{THEIRS.ufrag}"
    return stun.encode(
        stun.REQUEST,
        bytes(12),
        [(stun.USERNAME, name.encode()), *attributes],
        password.encode(),
    )


def reply(
    check: bytes, kind: int = stun.SUCCESS, *attributes: tuple[int, bytes], password: str = ""
) -> bytes:
    """The peer's response to one of our checks."""
    transaction = stun.decode(check).transaction_id
    return stun.encode(kind, transaction, attributes, (password or THEIRS.password).encode())


def nominates(datagram: Datagram) -> bool:
    return stun.USE_CANDIDATE in stun.decode(datagram[0]).attributes


def connect(us: IceAgent, now: float = 0.0) -> None:
    """Two round trips with an ICE-lite peer."""
    ((check, _),) = us.tick(now)
    ((nomination, _),) = us.receive(reply(check), PEER, now)
    assert us.receive(reply(nomination), PEER, now) == []
    assert us.selected == PEER


# --- towards an ICE-lite peer -------------------------------------------------------------------


def test_a_check_carries_what_rfc_8445_demands():
    ((data, address),) = agent().tick(0.0)

    message = stun.decode(data)
    assert address == PEER
    assert message.attributes[stun.USERNAME] == b"them:ours"
    assert message.attributes[stun.ICE_CONTROLLING] == struct.pack("!Q", 500)
    assert stun.PRIORITY in message.attributes
    assert stun.USE_CANDIDATE not in message.attributes
    assert stun.is_authentic(message, b"their-password")


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


def test_without_candidates_it_waits_for_the_peer():
    us = agent(candidates=())

    assert us.tick(0.0) == []
    (_, _), (check, address) = us.receive(request(), PEER, 0.1)
    assert address == PEER
    assert us.receive(reply(check), PEER, 0.2)


# --- consent ------------------------------------------------------------------------------------


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


# --- what must not be believed ------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0\1garbage",
        request(password="wrong"),
        request(user="ours:somebody"),
        stun.HEADER.pack(stun.REQUEST, 0, stun.MAGIC_COOKIE, bytes(12)),
        stun.encode(stun.SUCCESS, bytes(12), [], b"their-password"),
        stun.encode(stun.INDICATION, bytes(12), [], b"our-password"),
    ],
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


def test_other_errors_are_ignored():
    us = agent()
    ((check, _),) = us.tick(0.0)
    error = (stun.ERROR_CODE, stun.error_code(401, "not yet"))

    assert us.receive(reply(check, stun.ERROR, error), PEER, 0.0) == []
    assert us.tick(0.02) != []


def test_unanswered_checks_are_forgotten_at_last():
    us = agent()
    ((first, _),) = us.tick(0.0)
    for step in range(1, ice.MAX_TRANSACTIONS + 1):
        us.tick(step * 0.6)

    assert us.receive(reply(first), PEER, 100.0) == []
    assert len(us._transactions) == ice.MAX_TRANSACTIONS


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


# --- towards a full peer ------------------------------------------------------------------------


def test_a_request_is_answered_with_the_address_it_came_from():
    (answer, address), _ = agent(candidates=()).receive(request(), PEER, 0.0)

    message = stun.decode(answer)
    assert address == PEER
    assert message.kind == stun.SUCCESS
    assert message.attributes[stun.XOR_MAPPED_ADDRESS] == stun.xor_address(PEER, bytes(12))
    assert stun.is_authentic(message, b"our-password")


def test_a_request_triggers_a_check_but_not_a_storm():
    us = agent(controlling=False)

    kinds = [
        [stun.decode(data).kind for data, _ in us.receive(request(), PEER, now)]
        for now in (0.0, 0.01, 0.02)
    ]

    assert kinds == [
        [stun.SUCCESS, stun.REQUEST],
        [stun.SUCCESS],
        [stun.SUCCESS, stun.REQUEST],
    ]


def test_the_controlling_peer_nominates_a_proven_pair():
    us = agent(controlling=False)
    ((check, _),) = us.tick(0.0)
    us.receive(reply(check), PEER, 0.0)
    assert us.selected is None

    us.receive(request((stun.USE_CANDIDATE, b"")), PEER, 0.1)

    assert us.selected == PEER
    assert not us.is_fixed


def test_a_nomination_before_the_proof_waits_for_it():
    us = agent(controlling=False)
    _, (check, _) = us.receive(request((stun.USE_CANDIDATE, b"")), PEER, 0.0)
    assert us.selected is None

    us.receive(reply(check), PEER, 0.1)

    assert us.selected == PEER


def test_a_controlling_peer_may_change_its_mind():
    us = agent(controlling=False, candidates=(PEER, STRANGER))
    (one, _), (two, _) = us.tick(0.0)
    us.receive(reply(one), PEER, 0.0)
    us.receive(reply(two), STRANGER, 0.0)
    us.receive(request((stun.USE_CANDIDATE, b"")), PEER, 0.1)

    us.receive(request((stun.USE_CANDIDATE, b"")), STRANGER, 5.0)

    assert us.selected == STRANGER


def test_as_controlled_we_nominate_nobody():
    us = agent(controlling=False)
    ((check, _),) = us.tick(0.0)

    assert us.receive(reply(check), PEER, 0.0) == []


# --- role conflicts (RFC 8445 sections 7.2.5.1 and 7.3.1.1) ----------------------------------------


@pytest.mark.parametrize(
    ("controlling", "theirs", "stays", "refuses"),
    [
        (True, 400, True, True),
        (True, 500, True, True),
        (True, 600, False, False),
        (False, 400, True, False),
        (False, 500, True, False),
        (False, 600, False, True),
    ],
)
def test_the_larger_tie_breaker_controls(controlling, theirs, stays, refuses):
    us = agent(controlling=controlling)
    role = stun.ICE_CONTROLLING if controlling else stun.ICE_CONTROLLED

    replies = us.receive(request((role, struct.pack("!Q", theirs))), PEER, 0.0)

    assert us.controlling is stays
    answer = stun.decode(replies[0][0])
    assert (stun.read_error_code(answer) == 487) is refuses
    assert stun.is_authentic(answer, b"our-password")


def test_a_refused_role_is_changed_and_the_check_repeated():
    us = agent()
    ((check, _),) = us.tick(0.0)
    error = (stun.ERROR_CODE, stun.error_code(487, "Role Conflict"))

    ((again, address),) = us.receive(reply(check, stun.ERROR, error), PEER, 0.0)

    assert address == PEER
    assert not us.controlling
    assert stun.ICE_CONTROLLED in stun.decode(again).attributes


def test_a_refusal_of_an_older_role_changes_nothing():
    us = agent()
    (first, _), (second, _) = us.tick(0.0)[0], us.tick(0.02)[0]
    error = (stun.ERROR_CODE, stun.error_code(487, "Role Conflict"))
    us.receive(reply(first, stun.ERROR, error), PEER, 0.0)

    us.receive(reply(second, stun.ERROR, error), PEER, 0.0)

    assert not us.controlling


# --- whole conversations ------------------------------------------------------------------------


def converse(us: IceAgent, them: IceAgent, is_lost: Callable[[], bool], seconds: float) -> None:
    """Let two agents talk over a network that loses what `is_lost` says."""
    on_the_way: list[tuple[IceAgent, bytes, stun.Address]] = []
    for step in range(int(seconds / 0.02)):
        now = step * 0.02
        for sender, receiver, source in ((us, them, US), (them, us, PEER)):
            on_the_way += [(receiver, data, source) for data, _ in sender.tick(now)]
        while on_the_way:
            receiver, data, source = on_the_way.pop(0)
            if is_lost():
                continue
            answers = receiver.receive(data, source, now)
            other, here = (them, US) if receiver is us else (us, PEER)
            on_the_way += [(other, answer, here) for answer, _ in answers]


@pytest.mark.parametrize("ours", [True, False])
@pytest.mark.parametrize("theirs", [True, False])
@pytest.mark.parametrize("tie_breaker", [300, 700])
def test_two_full_agents_agree_whatever_roles_they_begin_with(ours, theirs, tie_breaker):
    us, them = agent(controlling=ours), peer(controlling=theirs, tie_breaker=tie_breaker)

    converse(us, them, lambda: False, seconds=0.2)

    assert (us.selected, them.selected) == (PEER, US)
    assert us.controlling is not them.controlling


@settings(max_examples=30, deadline=None)
@given(st.booleans(), st.booleans(), st.integers(0, 1000), st.integers())
def test_two_full_agents_agree_over_a_lossy_network(ours, theirs, tie_breaker, seed):
    chance = Random(seed)
    us, them = agent(controlling=ours), peer(controlling=theirs, tie_breaker=tie_breaker)

    converse(us, them, lambda: chance.random() < 0.4, seconds=3.0)

    assert (us.selected, them.selected) == (PEER, US)


@given(st.lists(st.tuples(st.binary(max_size=60), st.sampled_from([PEER, STRANGER])), max_size=20))
def test_any_datagrams_are_survived(datagrams):
    us = agent()
    us.tick(0.0)
    for data, source in datagrams:
        assert us.receive(data, source, 0.01) == []
    connect(us, 0.05)
