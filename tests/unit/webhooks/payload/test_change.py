"""What surrounds an item: account, number, contacts; and who the user is."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from calls.domain.events import Peer, RemoteRinging
from webhooks.payload.change import Change

METADATA = {"display_phone_number": "+55 11 5550-1234", "phone_number_id": 771030456128844}
ADA = {
    "profile": {"name": "Ada Quill", "username": "adaquill"},
    "wa_id": "447700900123",
    "user_id": "GB.4820193377501926",
    "parent_user_id": "GB.ENT.7719002200",
}
BEN = {"profile": {"name": "Ben"}, "wa_id": "447700900456", "user_id": "GB.77"}


def change(*, contacts: object = None, calls: object = None, entry: object = None) -> Change:
    return Change.of(
        field_name="calls",
        entry=entry if isinstance(entry, dict) else {"id": "884412097316520"},
        value={"metadata": METADATA, "contacts": contacts, "calls": calls},
    )


def test_account_and_number_are_read_in_any_spelling():
    found = change(entry={"id": 884412097316520, "time": "1790004800"})

    assert found.waba_id == "884412097316520"
    assert found.wa_phone_number_id == "771030456128844"
    assert found.display_phone_number == "551155501234"
    assert found.occurred_at == datetime(2026, 9, 21, 15, 33, 20, tzinfo=UTC)


def test_account_0_is_no_account():
    assert change(entry={"id": "0"}).waba_id == ""


@pytest.mark.parametrize("value", [None, [], "text", 7, {"metadata": [], "contacts": "x"}])
def test_a_value_of_any_type_has_surroundings(value):
    found = Change.of(field_name="calls", entry={}, value=value)

    assert found.wa_phone_number_id == ""
    assert found.peer() == Peer()


def test_an_item_belongs_to_the_number_of_the_metadata_unless_it_names_another():
    event = RemoteRinging()

    own = change().item("k", event)
    other = change().item("k", event, wa_phone_number_id="99", display_phone_number="44")

    assert (own.wa_phone_number_id, own.display_phone_number) == ("771030456128844", "551155501234")
    assert (other.wa_phone_number_id, other.display_phone_number) == ("99", "44")
    assert own.waba_id == other.waba_id == "884412097316520"


def test_a_peer_is_completed_by_the_contact_with_the_same_user_id():
    found = change(contacts=[BEN, ADA], calls=[1, 2]).peer(user_id="GB.4820193377501926")

    assert found == Peer(
        wa_id="447700900123",
        user_id="GB.4820193377501926",
        parent_user_id="GB.ENT.7719002200",
        name="Ada Quill",
        username="adaquill",
    )


def test_a_peer_is_completed_by_the_contact_with_the_same_number():
    found = change(contacts=[BEN, ADA], calls=[1, 2]).peer("+447700900456")

    assert found == Peer(wa_id="447700900456", user_id="GB.77", name="Ben")


def test_the_only_contact_of_the_only_item_is_its_peer():
    found = change(contacts=[ADA], calls=[1]).peer("5511999990000")

    assert found.wa_id == "5511999990000"
    assert found.name == "Ada Quill"


def test_the_only_contact_of_several_items_is_nobodys_without_an_equal_id():
    found = change(contacts=[ADA], calls=[1, 2]).peer("5511999990000")

    assert found == Peer(wa_id="5511999990000")


def test_contacts_of_any_type_and_without_a_profile_are_taken():
    found = change(contacts=["x", None, {"user_id": "GB.1", "profile": []}], calls=[1])

    assert found.peer(user_id="GB.1") == Peer(user_id="GB.1")


def test_ids_that_the_item_gives_go_before_those_of_the_contact():
    found = change(contacts=[ADA], calls=[1]).peer("447700900123", "GB.9", "GB.ENT.9")

    assert (found.user_id, found.parent_user_id) == ("GB.9", "GB.ENT.9")
