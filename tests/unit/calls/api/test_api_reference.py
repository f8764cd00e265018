"""docs/reference/api.md says what the code does: codes, addresses, members."""

import json
import re
from pathlib import Path

from django.urls import resolve

from calls.api import list_json, number_json, operation_json, permission_json, serializers
from calls.domain.dial_lists.terms import CHECKS

ROOT = Path(__file__).resolve().parents[4]
PAGE = (ROOT / "docs" / "reference" / "api.md").read_text(encoding="utf-8")
SOURCES = [path.read_text(encoding="utf-8") for path in (ROOT / "calls" / "api").glob("*.py")]
#: Codes for what cannot happen today; they would tell a programmer, not a client.
INTERNAL = {"wrong-state", "refused", "not-permitted"}
#: Names of addresses, values of headers.
OTHER_WORDS = {
    "call-events",
    "call-action",
    "call-operations",
    "operation-verb",
    "recording-audio",
    "permission-requests",
    "permission-request",
    "permission-refresh",
    "one-request",
    "number-incidents",
    "calling-settings",
    "settings-refresh",
    "dial-lists",
    "dial-list",
    "dial-list-lines",
    "dial-list-imports",
    "dial-list-import",
    "dial-list-results",
    "dial-list-action",
    "provider-files",
    "provider-file-content",
    "call-button",
    "call-buttons",
    "call-link",
    "no-store",
}
ID = "0195d2a8-1c2e-7b11-a0ac-9a4b7f2c1d3e"


def example(title):
    """The first JSON of a section of the page."""
    section = PAGE[PAGE.index(f"## {title}\n") :]
    return json.loads(section[section.index("```json") + 7 :].split("```")[0])


def test_every_code_is_on_the_page_and_no_other():
    in_code = set(re.findall(r'"([a-z]+(?:-[a-z]+)+)"', "".join(SOURCES)))
    on_page = set(re.findall(r"^\| \d{3} \| `([a-z-]+)`", PAGE, re.MULTILINE))

    assert on_page == in_code - INTERNAL - OTHER_WORDS


def test_every_address_of_the_page_exists():
    addresses = re.findall(r"^\| `(?:GET|POST|PUT|PATCH)` \| `(/[^`]+)`", PAGE, re.MULTILINE)

    assert len(addresses) == 40
    for address in addresses:
        match = resolve(
            f"/api/v1{address.replace('{id}', ID).replace('{verb}', 'stop').replace('{n}', '1')}"
        )
        assert match.url_name != "nothing", address


def test_the_examples_have_exactly_the_members_of_the_code():
    call = example("Calls")["data"][0]

    assert list(call) == list(serializers.CallJson.__annotations__)
    assert list(call["peer"]) == list(serializers.PeerJson.__annotations__)
    assert list(call["phone_number"]) == list(serializers.PhoneNumberJson.__annotations__)
    assert list(call["recordings"][0]) == list(serializers.RecordingJson.__annotations__)
    operation = example("Operations")
    assert list(operation) == list(operation_json.OperationJson.__annotations__)
    permission = example("Permissions")
    assert list(permission)[:11] == list(permission_json.PermissionJson.__annotations__)
    assert list(permission)[11:] == ["may_call", "may_request", "changes"]
    assert list(permission["may_call"]) == list(permission_json.RulingJson.__annotations__)
    number = example("Numbers")
    assert list(number) == list(number_json.NumberJson.__annotations__)
    assert list(number["incidents"][0]) == list(number_json.IncidentJson.__annotations__)
    found = example("Dial lists")
    assert list(found) == list(list_json.ListJson.__annotations__)
    assert list(found["terms"]) == list(CHECKS)
    event = example("Timeline")["data"][0]
    assert list(event) == list(serializers.EventJson.__annotations__)
