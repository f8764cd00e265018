"""Which country a phone number belongs to. Pure; the plan is that of `phonenumbers`."""

from __future__ import annotations

import phonenumbers


def country_of(digits: str) -> str:
    """Return the ISO 3166 alpha-2 country of an international number; empty if nobody can tell.

    >>> country_of("+44 7700 900123")
    'GB'
    """
    try:
        number = phonenumbers.parse("+" + "".join(filter(str.isdigit, digits)))
    except phonenumbers.NumberParseException:
        return ""
    region = phonenumbers.region_code_for_number(number)
    # of a number that nobody has, the country code still tells the main country
    return region or _known(phonenumbers.region_code_for_country_code(number.country_code or 0))


def _known(region: str) -> str:
    return "" if region in ("ZZ", "001") else region
