import asyncio

import pytest
from aioice import stun

from simulator.ice import IceLite

SOMEONE = ("192.0.2.7", 40000)


class Wire(asyncio.DatagramTransport):
    """Keeps what would have been sent."""

    def __init__(self):
        super().__init__({"sockname": ("127.0.0.1", 3480)})
        self.sent: list[tuple[bytes, tuple[str, int]]] = []
        self.closed = False

    def sendto(self, data, addr=None):
        self.sent.append((bytes(data), addr))

    def is_closing(self):
        return self.closed

    def close(self):
        self.closed = True


class Agent:
    """An ICE-lite agent on a wire, with an answer already processed."""

    def __init__(self, **more):
        self.violations: list[str] = []
        self.remarks: list[str] = []
        self.ice = IceLite(self.violations.append, self.remarks.append, **more)
        self.wire = Wire()
        self.ice.connection_made(self.wire)
        self.ice._remote_ufrag = "them"

    def check(self, sender=SOMEONE, key=None, fingerprint=True, **attributes):
        message = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
        message.attributes = {
            "USERNAME": f"{self.ice.ufrag}:them",
            "PRIORITY": 5,
            "ICE-CONTROLLING": 9,
            **{name.replace("_", "-"): value for name, value in attributes.items()},
        }
        for name in [name for name, value in attributes.items() if value == "absent"]:
            del message.attributes[name.replace("_", "-")]
        message.add_message_integrity((key or self.ice.pwd).encode())
        if not fingerprint:
            del message.attributes["FINGERPRINT"]
        self.ice.datagram_received(bytes(message), sender)

    def answers(self) -> list[stun.Message]:
        return [stun.parse_message(data) for data, _ in self.wire.sent]


@pytest.fixture
def agent():
    return Agent()


async def test_a_good_check_is_answered_with_where_it_came_from(agent):
    agent.check()

    (answer,) = agent.answers()
    assert answer.message_class == stun.Class.RESPONSE
    assert answer.attributes["XOR-MAPPED-ADDRESS"] == SOMEONE
    assert answer.check_message_integrity(agent.ice.pwd.encode())
    assert agent.violations == []
    assert not agent.ice.connected.is_set()


async def test_only_a_nomination_connects(agent):
    agent.check(USE_CANDIDATE=None)

    assert agent.ice.connected.is_set()
    await agent.ice._send(b"hello")
    assert agent.wire.sent[-1] == (b"hello", SOMEONE)


async def test_a_lite_agent_never_speaks_first(agent):
    with pytest.raises(ConnectionError):
        await agent.ice._send(b"hello")

    assert agent.wire.sent == []


async def test_checks_before_the_answer_are_dropped(agent):
    agent.ice._remote_ufrag = None

    agent.check()

    assert agent.wire.sent == []
    assert agent.violations == []


async def test_a_deaf_relay_answers_nothing():
    agent = Agent(deaf=True)

    agent.check()

    assert agent.wire.sent == []


@pytest.mark.parametrize(
    ("check", "violation"),
    [
        ({"key": "wrong-password-of-theirs"}, "STUN check without valid MESSAGE-INTEGRITY"),
        ({"USERNAME": "who:them"}, "STUN check with a wrong USERNAME"),
    ],
)
async def test_wrong_credentials_get_no_answer(agent, check, violation):
    agent.check(**check)

    assert agent.violations == [violation]
    assert agent.wire.sent == []


async def test_a_controlled_business_gets_a_role_conflict(agent):
    agent.check(ICE_CONTROLLING="absent", ICE_CONTROLLED=3)

    assert agent.violations == ["the business must be the controlling ICE agent"]
    assert agent.answers()[0].error_code == 487


async def test_missing_attributes_are_violations_but_answered(agent):
    agent.check(PRIORITY="absent", fingerprint=False)

    assert agent.violations == [
        "STUN check without PRIORITY",
        "STUN check without FINGERPRINT",
    ]
    assert len(agent.answers()) == 1


async def test_a_later_nomination_of_another_path_is_remarked(agent):
    agent.check(USE_CANDIDATE=None)
    agent.check(USE_CANDIDATE=None, sender=("192.0.2.8", 1))

    assert agent.remarks == ["candidate pair changed"]


async def test_packets_are_taken_only_from_checked_addresses(agent):
    agent.check()

    agent.ice.datagram_received(b"\x16media", SOMEONE)
    agent.ice.datagram_received(b"\x16media", ("192.0.2.9", 1))

    assert await agent.ice._recv() == b"\x16media"
    assert agent.violations == ["packet from an address without a successful check"]


@pytest.mark.parametrize("data", [b"\x00\x01", b"\x00\x01\x00\x08!\x12\xa4B" + b"t" * 12])
async def test_malformed_stun_is_a_violation(agent, data):
    agent.ice.datagram_received(data, SOMEONE)

    assert agent.violations == ["malformed STUN message"]


async def test_a_short_attribute_is_malformed_too(agent):
    priority = b"\x00\x24\x00\x02\x00\x00\x00\x00"
    header = b"\x00\x01" + len(priority).to_bytes(2, "big") + b"!\x12\xa4B" + b"t" * 12

    agent.ice.datagram_received(header + priority, SOMEONE)

    assert agent.violations == ["malformed STUN message"]


async def test_closing_ends_those_who_wait(agent):
    waiting = asyncio.create_task(agent.ice._recv())
    await asyncio.sleep(0)

    await agent.ice.close()

    with pytest.raises(ConnectionError):
        await waiting
    assert agent.wire.closed


def test_credentials_look_like_metas():
    agents = [Agent().ice for _ in range(20)]

    assert {len(ice.ufrag) for ice in agents} == {16}
    assert {len(ice.pwd) for ice in agents} == {24}
    assert all(ice.pwd.endswith("==") for ice in agents)
