"""Messages with a button that calls us: sent, delivered, tapped."""

import json
from uuid import uuid4

import pytest
from django.test import Client

from calls import call_buttons, operations
from calls.domain import events
from calls.domain.call_buttons import CallButton
from calls.domain.vocabulary import HangupCause
from calls.graph import GraphError, Verdict
from calls.models import ApiToken, Call, CallButtonMessage
from tests import webhook_bodies as bodies
from tests.factories import ANA, T0, after, make_number
from webhooks import inbound

pytestmark = pytest.mark.django_db(transaction=True)

BUTTON = CallButton(to=ANA.wa_id, text="Questions?", payload="order 5521", ttl_minutes=60)


@pytest.fixture
def number(fake_graph):
    return make_number()


@pytest.fixture
def api():
    _, text = ApiToken.issue(name="crm", now=T0)
    return Client(headers={"Authorization": f"Bearer {text}"})


def send(number, button=BUTTON):
    row = call_buttons.create(number, button, by="t", now=T0)
    call_buttons.deliver(row.pk, T0)
    row.refresh_from_db()
    return row


def test_a_message_has_the_documented_keys(number, fake_graph):
    row = send(number)

    assert (row.status, row.wa_message_id) == ("sent", "wamid.1")
    assert fake_graph.messages == [
        {
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            "to": ANA.wa_id,
            "type": "interactive",
            "interactive": {
                "type": "voice_call",
                "body": {"text": "Questions?"},
                "action": {
                    "name": "voice_call",
                    "parameters": {"ttl_minutes": 60, "payload": "order 5521"},
                },
            },
        }
    ]


def test_a_template_by_user_id(number, fake_graph):
    named = {"name": "call_us", "language": {"code": "en"}}
    send(number, CallButton(recipient=ANA.user_id, template=named, payload="p"))

    (message,) = fake_graph.messages
    assert (message["recipient"], message["type"]) == (ANA.user_id, "template")
    assert message["template"]["components"][0]["sub_type"] == "voice_call"


@pytest.mark.parametrize(
    ("verdict", "status", "attempts"), [("unknown", "unknown", 1), ("retry", "failed", 4)]
)
def test_what_may_have_been_sent_is_not_repeated(number, fake_graph, verdict, status, attempts):
    fake_graph.message_error = GraphError(Verdict(verdict), HangupCause.NETWORK_ERROR, "lost")
    row = send(number)

    for seconds in (2, 10, 50, 100, 200):
        call_buttons.sweep(after(seconds))

    row.refresh_from_db()
    assert (row.status, len(fake_graph.messages)) == (status, attempts)


def test_what_a_dead_sender_left_behind_is_settled(number):
    row = send(number)
    CallButtonMessage.objects.update(status="sending", claimed_at=T0)

    assert call_buttons.sweep(after(11)) == 1
    row.refresh_from_db()
    assert row.status == "unknown"


def test_its_statuses_are_kept(number):
    row = send(number)

    def hear(word, code=0):
        errors = (events.ProviderError(code=code, details="old"),) if code else ()
        event = events.MessageStatusChanged(
            wa_message_id="wamid.1", status=word, errors=errors, occurred_at=after(3)
        )
        assert operations.hear(phone_number=number, event=event, now=after(3))
        row.refresh_from_db()

    hear("sent")
    hear("failed", 131026)
    assert (row.status, row.error_code, row.error) == ("failed", 131026, "old")
    hear("read")
    assert (row.status, row.delivered_at, row.read_at) == ("delivered", after(3), after(3))


class TestRest:
    def post(self, api, number, **body):
        address = f"/api/v1/numbers/{number.wa_phone_number_id}/call-buttons/"
        return api.post(address, json.dumps(body), content_type="application/json")

    def test_a_button_is_sent(self, number, api, fake_graph):
        response = self.post(api, number, to="+44 7700 900123", text="Call us", payload="x")
        assert response.status_code == 202
        assert call_buttons.sweep(after(10**8)) == 1

        body = api.get(f"/api/v1/call-buttons/{response.json()['id']}/").json()
        assert (body["to"], body["payload"]) == (ANA.wa_id, "x")
        assert api.get(f"/api/v1/call-buttons/{uuid4()}/").status_code == 404

    def test_what_meta_would_refuse(self, number, api):
        response = self.post(api, number, to=ANA.wa_id, text="Call us", display_text="x" * 21)

        assert response.status_code == 400
        assert response.json()["parameter"] == "display_text"

    def test_a_link(self, number, api):
        address = "/api/v1/numbers/7710/call-link/"

        assert api.get(address, {"payload": "a b&c"}).json() == {
            "url": "https://wa.me/call/551155501234?biz_payload=a%20b%26c"
        }
        assert api.get(address, {"biz_payload": "x"}).status_code == 400


def test_the_payload_arrives_on_the_call_of_whoever_taps_or_follows_the_link(number, api):
    """From Meta's webhook to what a program reads."""
    for wa_call_id, name in (("wacid.B", "cta_payload"), ("wacid.L", "deeplink_payload")):
        call = {
            "id": wa_call_id,
            "from": ANA.wa_id,
            "to": "551155501234",
            "event": "connect",
            "timestamp": str(int(T0.timestamp())),
            "direction": "USER_INITIATED",
            "session": {"sdp_type": "offer", "sdp": "v=0"},
            name: "order 5521",
        }
        value = {"metadata": {"phone_number_id": "7710"}, "calls": [call]}
        body = bodies.dump(bodies.envelope(value))
        delivery = inbound.keep(body=body, app="default", now=T0)
        inbound.interpret(delivery, T0)

        found = Call.objects.get(wa_call_id=wa_call_id)
        assert api.get(f"/api/v1/calls/{found.pk}/").json()[name] == "order 5521"
