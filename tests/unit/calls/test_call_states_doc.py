"""docs/call-states.md says what the tables say."""

import pytest
from django.core.management import CommandError, call_command

from calls.domain.machine import FACTS, IGNORED, JOINT, MEDIA, SIGNALING
from calls.domain.vocabulary import EventKind, HangupCause, Media, Signaling
from calls.management.commands import callstates

#: The matrix: the event and a cell for each state.
WIDTH = 1 + len(Signaling)


def rows(page):
    """The cells of every line of a table, without their marks."""
    for line in page.splitlines():
        if line.startswith("| "):
            yield tuple(cell.strip().replace("`", "") for cell in line.strip("| ").split(" | "))


def test_the_page_in_the_repository_is_what_the_tables_say():
    call_command("callstates", check=True)


def test_a_page_that_is_out_of_date_fails_the_check_and_is_left_alone(tmp_path, monkeypatch):
    stale = tmp_path / "call-states.md"
    stale.write_text("something else")
    monkeypatch.setattr(callstates, "DOCUMENT", stale)

    with pytest.raises(CommandError, match="out of date"):
        call_command("callstates", check=True)

    assert stale.read_text() == "something else"


def test_a_missing_page_fails_the_check(tmp_path, monkeypatch):
    monkeypatch.setattr(callstates, "DOCUMENT", tmp_path / "call-states.md")

    with pytest.raises(CommandError, match="out of date"):
        call_command("callstates", check=True)


def test_the_command_writes_a_page_that_passes_the_check(tmp_path, monkeypatch, capsys):
    page = tmp_path / "call-states.md"
    monkeypatch.setattr(callstates, "DOCUMENT", page)

    call_command("callstates")
    call_command("callstates", check=True)

    assert page.read_text(encoding="utf-8") == callstates.render()
    assert capsys.readouterr().out == "docs/call-states.md written\n"


def test_every_transition_stands_in_the_page_once_with_its_commands():
    written = list(rows(callstates.render()))

    for (state, event), (after, commands) in SIGNALING.items():
        row = (state, event, after, ", ".join(commands) or "none")
        assert written.count(row) == 1, row
    for (state, media, intent), (after, commands) in JOINT.items():
        assert written.count((state, media, intent, after, ", ".join(commands))) == 1


def test_the_matrix_has_a_cell_for_each_event_that_is_no_fact_in_each_state():
    matrix = {row[0]: row[1:] for row in rows(callstates.render()) if len(row) == WIDTH}

    assert matrix.pop("event") == tuple(Signaling)
    assert matrix.pop("---") == ("---",) * len(Signaling)
    assert set(matrix) == {event for event in EventKind if event not in FACTS}
    for event, cells in matrix.items():
        for state, cell in zip(Signaling, cells, strict=True):
            key = (state, EventKind(event))
            if key in SIGNALING:
                assert cell == SIGNALING[key][0]
            else:
                assert cell == ("." if key in IGNORED else "-")


def test_the_pictures_hold_every_change_of_signaling_and_media():
    edges = {line.split(":")[0].strip() for line in callstates.render().splitlines()}

    for (state, _), (after, _) in SIGNALING.items():
        assert state is after or f"{state} --> {after}" in edges
    for (media, _), (changed, _) in MEDIA.items():
        assert f"{media} --> {changed}" in edges
    assert "pre_accepted --> accepting" in edges  # by the joint table alone


def test_the_public_word_of_every_end_and_of_every_answered_state_is_given():
    written = set(rows(callstates.render()))

    assert ("normal_clearing", "completed") in written
    assert ("worker_lost", "failed") in written
    assert {row[0] for row in written} >= set(HangupCause)
    assert ("answered", Media.CONNECTED.value, "in_progress") in written
    assert ("answered", "idle, negotiated, overdue, failed", "connecting") in written
    assert ("offered", "any", "ringing") in written
