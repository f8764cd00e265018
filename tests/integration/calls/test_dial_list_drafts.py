"""Dial lists are written and filled: terms, files, reports."""

import pytest

from calls.dial_lists import drafts, importing
from calls.dial_lists.drafts import InvalidTerms, ListIdTaken
from tests.factories import T0, make_number
from tests.integration.calls.listing import (
    ANA,
    BEN,
    CAT,
    TERMS,
    add,
    line_of,
    make_list,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def number():
    return make_number()


class TestDrafts:
    def test_the_same_id_twice_is_one_list(self, number):
        first = make_list(number, is_started=False)
        again = drafts.create(
            phone_number=number, wanted=TERMS, by="api:test", now=T0, list_id=first.pk
        )

        assert again == first
        with pytest.raises(ListIdTaken):
            drafts.create(
                phone_number=number,
                wanted={"name": "other"},
                by="api:test",
                now=T0,
                list_id=first.pk,
            )

    def test_every_fault_is_told(self, number):
        with pytest.raises(InvalidTerms) as refusal:
            drafts.create(
                phone_number=number,
                wanted={"concurrency": 0, "gather": {"max_digit": 1}},
                by="api:test",
                now=T0,
            )

        assert [fault.name for fault in refusal.value.faults] == [
            "concurrency",
            "gather.max_digit",
            "name",
        ]


class TestImports:
    FILE = f"to,name,order\n{ANA},Ana,1\nx,,\n{BEN},Ben,2\n{ANA},,\n".encode()

    def add(self, found, data=FILE, **values):
        return importing.add_file(
            list_id=found.pk, data=data, file_name="march.csv", by="admin:ana", now=T0, **values
        )

    def test_good_lines_are_kept_and_bad_ones_reported(self, number):
        found = make_list(number, [], is_started=False)

        report = self.add(found)

        assert (report.accepted, report.refused, report.problem_count) == (2, 2, 2)
        assert [problem["line"] for problem in report.problems] == [3, 5]
        line = line_of(found, 2)
        assert (line.wa_id, line.name, line.variables) == (BEN, "Ben", {"order": "2"})
        found.refresh_from_db()
        assert (found.last_row, found.variables) == (2, ["order"])

    def test_strict_is_all_or_nothing(self, number):
        found = make_list(number, [], is_started=False)

        report = self.add(found, is_strict=True)

        assert (report.accepted, report.refused, found.lines.count()) == (0, 4, 0)
        assert self.add(found, f"to\n{CAT}\n".encode(), is_strict=True).accepted == 1

    def test_the_same_file_twice_adds_nobody_twice(self, number):
        found = make_list(number, [], is_started=False)
        self.add(found)

        report = self.add(found)

        assert (report.accepted, found.lines.count()) == (0, 2)
        assert report.problems[0]["reason"] == "the same user as row 1 of the list"

    def test_a_list_has_its_limit(self, number, monkeypatch):
        monkeypatch.setattr(importing, "MAX_LINES", 2)
        found = make_list(number, [ANA], is_started=False)

        with pytest.raises(importing.ListFull):
            add(found, [BEN, CAT])
