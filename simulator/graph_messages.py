"""``/messages`` and ``/message_templates``. Meta: calling/user-call-permissions, calling/call-buttons."""

import secrets
import time

from aiohttp import web

from simulator import admission, message_rules
from simulator.accounts import PhoneNumber
from simulator.graph_errors import GraphError, invalid_parameter, unknown_object
from simulator.graph_request import NETWORK, json_body, number_of
from simulator.identifiers import message_id
from simulator.message_rules import Message
from simulator.network import MessageRecord, Network
from simulator.payloads import Json
from simulator.people import UserPlan


async def post_messages(request: web.Request) -> Json:
    """``POST /{phone-number-id}/messages``: requests for permission, call buttons; others are only
    accepted and logged.
    """
    network, number = request[NETWORK], number_of(request)
    body = await json_body(request)
    message = message_rules.read(body, network.templates)
    plan = network.people.find(message.to, message.recipient)
    if plan is None:
        raise invalid_parameter("nobody has this id")
    _admit(network, number, plan, message)
    user = plan.user()
    identifier = message_id(user.wa_id, secrets.token_bytes(10))
    record: MessageRecord = {
        "id": identifier,
        "phone_number_id": number.phone_number_id,
        "wa_id": user.wa_id,
        "kind": message.kind,
        "payload": message.payload,
        "body": body,
    }
    network.messages[identifier] = record
    if message.asks:
        network.consents.ask(number, plan, identifier)
    else:
        network.consents.message(number, plan, identifier)
    contact = {"input": message.to or message.recipient}
    contact |= {"wa_id": user.wa_id} if message.to else {"user_id": user.user_id}
    return {
        "messaging_product": "whatsapp",
        "contacts": [contact],
        "messages": [{"id": identifier}],
    }


def _admit(network: Network, number: PhoneNumber, plan: UserPlan, message: Message) -> None:
    """:raises GraphError: the message would not be sent."""
    circumstances = network.circumstances(number, plan)
    if message.asks:
        reason = admission.of_number(circumstances) or admission.of_user(circumstances)
        if reason is not None:
            raise reason
        permission, now = network.consents.of(number, plan.user()), time.time()
        if permission.status(now) == "permanent":
            raise GraphError(138017, "The user has allowed calls for good")
        if not permission.may_ask(now):
            raise GraphError(138009, "The user has been asked as often as is allowed")
    if message.kind != "template" and not message.is_template and not plan.window:
        raise GraphError(131047, "More than 24 hours have passed since the user's last message")


async def post_templates(request: web.Request) -> Json:
    """``POST /{waba-id}/message_templates``: approved at once."""
    network, waba_id = request[NETWORK], request.match_info["object_id"]
    if all(number.waba_id != waba_id for number in network.numbers.values()):
        raise unknown_object(waba_id, "post")
    body = await json_body(request)
    template = message_rules.new_template(body)
    network.templates[template.name, template.language] = template
    identifier = str(secrets.randbelow(9 * 10**15) + 10**15)
    return {"id": identifier, "status": "APPROVED", "category": body["category"]}
