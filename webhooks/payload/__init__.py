"""What a webhook's bytes say, as events. Pure, and nothing that arrives makes it raise.

`document` makes clean values of the bytes, `fields` reads single values of any type, `change` is
what surrounds an item, `kept` holds what we do not understand; `call_items`, `message_items` and
`account_items` each know one part of Meta's vocabulary, and `reader` walks through everything.
"""

from webhooks.payload.document import UnreadableBody, load
from webhooks.payload.item import Item
from webhooks.payload.reader import read

__all__ = ["Item", "UnreadableBody", "load", "read"]
