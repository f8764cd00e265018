"""Who takes part: business numbers with their apps, and WhatsApp users."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class PhoneNumber:
    """A business number as Meta knows it, with the app that is subscribed to its webhooks."""

    phone_number_id: str
    display_phone_number: str
    waba_id: str
    app_secret: str = field(repr=False)
    access_token: str = field(repr=False)
    webhook_url: str
    verify_token: str = field(repr=False)


@dataclass(frozen=True)
class User:
    """A WhatsApp user. `user_id` is the business-scoped id, e.g. ``GB.4820193377501926``.

    Meta: business-scoped-user-ids.
    """

    wa_id: str
    name: str
    user_id: str
    username: str | None = None
