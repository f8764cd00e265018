"""Write a dial list, and change its terms."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction

from calls import media_operations
from calls.domain.dial_lists.terms import Fault, read_terms
from calls.domain.vocabulary import ListState
from calls.media_operations import InvalidOperation, NotSupported
from calls.models import DialList, PhoneNumber

GATHER = "gather"


class InvalidTerms(ValueError):
    """Some terms are wrong; `faults` has all of them."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("; ".join(f"{fault.name}: {fault.reason}" for fault in faults))
        self.faults = faults


class UnableToUse(Exception):
    """The list is in no state for this; `state` says in which it is."""

    def __init__(self, action: str, state: str, reason: str = "") -> None:
        super().__init__(reason or f"cannot {action} a list that is {state}")
        self.action = action
        self.state = ListState(state)


class ListIdTaken(Exception):
    """The id is that of another list."""


def create(
    *,
    phone_number: PhoneNumber,
    wanted: Mapping[str, Any],
    by: str,
    now: datetime,
    list_id: UUID | None = None,
) -> DialList:
    """Write a list without lines. The same `list_id` with the same name: the same list.

    :raises InvalidTerms: with everything that is wrong.
    :raises ListIdTaken: it is that of another list.
    """
    terms, faults = _read(wanted)
    if "name" not in wanted:
        faults.append(Fault("name", "A text of 1 to 100 characters is needed."))
    if faults:
        raise InvalidTerms(faults)
    try:
        with transaction.atomic():
            return DialList.objects.create(
                pk=list_id or uuid4(),
                phone_number=phone_number,
                created_by=by[:255],
                created_at=now,
                **terms,
            )
    except IntegrityError:
        known = DialList.objects.filter(pk=list_id).first() if list_id else None
        if known is None or (known.name, known.phone_number_id) != (terms["name"], phone_number.pk):
            raise ListIdTaken from None
        return known


@transaction.atomic
def change(*, list_id: UUID, wanted: Mapping[str, Any]) -> DialList:
    """Change terms; what is not named stays. Calls that are under way keep the old ones.

    :raises InvalidTerms: with everything that is wrong.
    :raises UnableToUse: the list is over.
    :raises DialList.DoesNotExist: there is no such list.
    """
    terms, faults = _read(wanted)
    if faults:
        raise InvalidTerms(faults)
    found = lock(list_id)
    if found.is_over:
        raise UnableToUse("change", found.state)
    for name, value in terms.items():
        setattr(found, name, value)
    found.save(update_fields=list(terms))
    return found


def lock(list_id: UUID) -> DialList:
    """Return a list, held until the transaction ends.

    :raises DialList.DoesNotExist: there is no such list.
    """
    return DialList.objects.select_for_update(no_key=True).get(pk=list_id)


def _read(wanted: Mapping[str, Any]) -> tuple[dict[str, Any], list[Fault]]:
    terms, faults = read_terms(wanted)
    if terms.get("gather"):
        try:
            media_operations.validate(GATHER, terms["gather"])
        except (InvalidOperation, NotSupported) as error:
            name = getattr(error, "parameter", "options").replace("options", "gather", 1)
            faults.append(Fault(name, f"{str(error).capitalize()}."))
    return terms, faults
