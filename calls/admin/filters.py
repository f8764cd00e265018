"""Filters and search of the call list."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from calls import queries
from calls.domain.vocabulary import CallStatus, Direction, HangupCause
from calls.models import Call, PhoneNumber

#: What people paste: +44 7700 900-123, (631) 555 8151
_PHONE_NUMBER = re.compile(r"\s*[+(]?[0-9][0-9 ()./-]{4,}\s*")
_NOT_A_DIGIT = re.compile(r"[^0-9]")


class StatusFilter(admin.SimpleListFilter):
    """By the public status, which is no column."""

    title = "status"
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(word, word.replace("_", " ")) for word in CallStatus]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Call]) -> QuerySet[Call]:
        """Keep calls of the chosen status; an unknown word keeps all."""
        chosen = self.value()
        if chosen not in list(CallStatus):
            return queryset
        return queryset.filter(queries.with_status([CallStatus(chosen)]))


class _WordFilter(admin.SimpleListFilter):
    """By the word in a column; Django's own filter would scan the table for the words in use."""

    words: type[StrEnum]
    column: str

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(word, word.replace("_", " ")) for word in self.words]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Call]) -> QuerySet[Call]:
        """Keep calls with the chosen word."""
        chosen = self.value()
        return queryset.filter(**{self.column: chosen}) if chosen else queryset


class DirectionFilter(_WordFilter):
    title = parameter_name = column = "direction"
    words = Direction


class CauseFilter(_WordFilter):
    title = parameter_name = "cause"
    column = "hangup_cause"
    words = HangupCause


class NumberFilter(admin.SimpleListFilter):
    """By our number; Django's own filter would load and decrypt every access token."""

    title = parameter_name = "number"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        numbers = PhoneNumber.objects.defer("access_token").order_by("label", "pk")
        return [(str(number.pk), str(number)) for number in numbers]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Call]) -> QuerySet[Call]:
        """Keep calls of the chosen number; what is none of ours keeps all."""
        chosen = self.value()
        if chosen not in {value for value, _ in self.lookup_choices}:
            return queryset
        return queryset.filter(phone_number__pk=chosen)


def as_stored(text: str) -> str:
    """Return what to look for: of a phone number only its digits, as they are stored."""
    return _NOT_A_DIGIT.sub("", text) if _PHONE_NUMBER.fullmatch(text) else text
