"""Files as spreadsheets and people make them: every encoding, separator and mistake."""

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls.domain.dial_lists import reading
from calls.domain.dial_lists.entries import Line
from calls.domain.dial_lists.reading import json_line, read_entries, read_file
from calls.domain.dial_lists.writing import write_rows

ANA, BEN = "447700900123", "351912345678"


def read(text, **values):
    return read_file(text.encode() if isinstance(text, str) else text, **values)


def told(found):
    return [(one.line, one.column, one.code) for one in found.problems]


class TestGoodFiles:
    def test_our_columns_and_the_variables(self):
        found = read(f"Phone,Name,Time Zone,order,city\n+{ANA},Ana,Europe/Lisbon,5521,Porto\n")

        assert found.problems == []
        assert found.lines == [
            Line(
                number=2,
                to=ANA,
                name="Ana",
                time_zone="Europe/Lisbon",
                variables={"order": "5521", "city": "Porto"},
            )
        ]
        assert (found.encoding, found.separator) == ("utf-8", ",")
        assert found.variables == ("order", "city")

    @pytest.mark.parametrize("header", ["to", "PHONE", " Number ", "phone-number", "wa_id"])
    def test_a_phone_number_has_many_names(self, header):
        assert read(f"{header}\n{ANA}\n").lines[0].to == ANA

    @pytest.mark.parametrize("header", ["recipient", "User ID", "bsuid"])
    def test_so_has_a_user_id(self, header):
        assert read(f"{header}\nGB.ENT.48aZ\n").lines[0].recipient == "GB.ENT.48aZ"

    @pytest.mark.parametrize("separator", [",", ";", "\t"])
    def test_the_separator_is_found(self, separator):
        found = read(f'"name, full; really"{separator}to\n"Quill; Ana, B"{separator}{ANA}')

        assert found.separator == separator
        assert found.lines[0].variables == {"name, full; really": "Quill; Ana, B"}

    def test_a_spreadsheet_may_say_the_separator(self):
        found = read(f"sep=;\r\nto;name\r\n{ANA};a,b\r\n")

        assert (found.separator, found.lines[0].number) == (";", 3)

    @pytest.mark.parametrize(
        ("encoding", "mark", "name"),
        [
            ("utf-8", b"", "utf-8"),
            ("utf-8", codecs.BOM_UTF8, "utf-8"),
            ("utf-16-le", codecs.BOM_UTF16_LE, "utf-16"),
            ("utf-16-be", codecs.BOM_UTF16_BE, "utf-16"),
            ("utf-16-le", b"", "utf-16-le"),
            ("utf-16-be", b"", "utf-16-be"),
            ("latin-1", b"", "windows-1252"),
        ],
    )
    def test_the_encoding_is_found(self, encoding, mark, name):
        found = read(mark + f"to;name\n{ANA};Conceição Müller\n".encode(encoding))

        assert found.encoding == name
        assert found.lines[0].name == "Conceição Müller"

    @pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
    def test_every_kind_of_line_end(self, end):
        found = read(end.join(["to", ANA, "", BEN, ""]))

        assert [(line.number, line.to) for line in found.lines] == [(2, ANA), (4, BEN)]

    def test_cells_with_line_breaks_keep_the_count(self):
        found = read(f'to,note\n{ANA},"one\ntwo\nthree"\nx,\n')

        assert found.lines[0].variables == {"note": "one\ntwo\nthree"}
        assert told(found) == [(5, "to", "no_number")]

    def test_missing_cells_and_empty_ones_without_a_name(self):
        assert read(f"to,name,,\n{ANA}\n{BEN},Ben,,\n").problems == []

    @pytest.mark.parametrize(
        "text",
        [
            "+44 7700 900123",
            "0044-7700-900123",
            "+44 (0)7700 900123",
            "447700.900.123",
            "(44) 7700/900123",
            "'+447700900123",
            "'447700900123",
            "\u202a+44\xa07700\u2011900123\u202c",
        ],
    )
    def test_numbers_as_people_write_them(self, text):
        assert read(f'to\n"{text}"\n').lines[0].to == ANA

    @given(st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
    def test_what_we_have_written_we_read(self, text):
        data = "".join(write_rows([["to", "note"], [ANA, text]])).encode()

        assert [line.variables["note"] for line in read(data).lines] == [text.strip()]


class TestProblems:
    def test_all_of_them_are_told_and_good_lines_are_kept(self):
        found = read(
            "to,name,time_zone\n"
            f"{ANA},Ana,\n"
            "4.47701E+11,,\n"
            "07700 900123,,Mars/Olympus\n"
            ",nobody,\n"
            f"+{ANA},again,\n"
            "999123456,,\n"
            "4477,,\n"
            f"{BEN},Ben,,surplus\n"
            "sip:ana@example.org,,\n"
        )

        assert [line.to for line in found.lines] == [ANA]
        assert told(found) == [
            (3, "to", "rounded_number"),
            (4, "to", "no_country_code"),
            (4, "time_zone", "no_time_zone"),
            (5, "to", "nobody_named"),
            (6, "to", "duplicate"),
            (7, "to", "no_country_code"),
            (8, "to", "impossible_number"),
            (9, "", "no_column"),
            (10, "to", "no_number"),
        ]
        assert found.problems[4].reason == "the same user as line 2"
        assert json_line(found.problems[0]) == {
            "line": 3,
            "column": "to",
            "code": "rounded_number",
            "reason": "a spreadsheet has rounded it: format the column as text",
            "value": "4.47701E+11",
        }

    def test_digits_of_other_scripts_are_no_number(self):
        assert told(read("to\n\u0664\u0664\u0667\u0667\u0660\u0660\u0669\n"))[0][2] == "no_number"

    def test_who_is_on_the_list_already(self):
        found = read(f"to\n{ANA}\n", known={ANA: 7})

        assert found.problems[0].reason == "the same user as row 7 of the list"

    def test_the_same_user_by_number_and_by_id(self):
        found = read(f"to,recipient\n{ANA},GB.1\n,GB.1\n{BEN},GB.1\n{BEN},\n")

        assert told(found) == [(3, "to", "duplicate"), (4, "to", "duplicate")]
        assert found.lines[1].to == BEN

    @pytest.mark.parametrize("cell", ["ana", "GB 48", "gb.48", "GB."])
    def test_bad_user_ids(self, cell):
        assert told(read(f"user_id\n{cell}\n")) == [(2, "recipient", "no_user_id")]

    def test_quotes_that_are_wrong_do_not_stop_the_reading(self):
        found = read(f'to,name\n{ANA},"Ana" Quill\n{BEN},Ben\n')

        assert told(found) == [(2, "", "malformed")]
        assert found.lines[0].to == BEN

    def test_a_quote_that_never_ends_is_told_where_it_begins(self):
        assert told(read(f'to,name\n{ANA},"Ana\n{BEN},Ben\n')) == [(2, "", "malformed")]

    def test_text_that_no_database_takes(self):
        found = read(f"to,name,note\n{ANA},a\0b,c\n{BEN},a,b\0c\n")

        assert told(found) == [(2, "name", "bad_name"), (3, "variables", "bad_text")]

    def test_values_of_problems_can_be_stored(self):
        assert read("to\n44\0\n").problems[0].value == ""

    def test_too_much_text(self):
        found = read(f"to,name,note\n{ANA},{'x' * 256},\n{BEN},,{'y' * 2001}\n")

        assert told(found) == [(2, "name", "bad_name"), (3, "variables", "too_long")]


class TestUnreadable:
    @pytest.mark.parametrize(
        ("data", "line", "code"),
        [
            (b"", 0, "empty_file"),
            (b"\n \n", 0, "empty_file"),
            (b"name,city\nAna,Porto\n", 1, "no_recipient_column"),
            (b"to,phone\n1,2\n", 1, "column_twice"),
            (b"to,city,city\n", 1, "column_twice"),
            (b"to" + b",a" * 100, 1, "too_many_columns"),
            (codecs.BOM_UTF8 + b"to\n\xff\n", 0, "bad_encoding"),
            (b"t\0o\0\n\0\x00\xd8", 0, "bad_encoding"),
        ],
    )
    def test_nothing_is_read_and_the_reason_is_said(self, data, line, code):
        found = read(data)

        assert found.is_unreadable
        assert [(one.line, one.code) for one in found.problems] == [(line, code)]
        assert found.lines == []

    def test_too_large_a_file(self, monkeypatch):
        monkeypatch.setattr(reading, "MAX_BYTES", 1024 * 1024)

        assert told(read(b"to\n" + b"x" * 1024 * 1024)) == [(0, "", "file_too_large")]

    def test_too_many_lines(self, monkeypatch):
        monkeypatch.setattr(reading, "MAX_LINES", 2)

        assert told(read("to\nx\n\ny\n")) == [(2, "to", "no_number"), (4, "to", "no_number")]
        assert told(read("to\nx\ny\nz\n")) == [(4, "", "too_many_lines")]

    @given(st.binary(max_size=400))
    def test_nothing_that_is_uploaded_breaks_the_reader(self, data):
        found = read(b"to\n" + data)

        assert all(one.reason for one in found.problems)
        assert read(data).lines == [] or data


class TestJson:
    def test_objects_are_lines(self):
        found = read_entries(
            [
                {"to": "+44 7700 900123", "name": " Ana ", "variables": {"order": 5521}},
                {"recipient": "GB.1", "time_zone": "Europe/Lisbon"},
            ]
        )

        assert found.problems == []
        assert found.lines == [
            Line(number=1, to=ANA, name="Ana", variables={"order": 5521}),
            Line(number=2, recipient="GB.1", time_zone="Europe/Lisbon"),
        ]

    def test_what_is_wrong_is_told_of_every_object(self):
        found = read_entries(
            [
                7,
                {"to": 7, "colour": "red"},
                {"to": ANA, "variables": []},
                {},
                {"to": ANA, "variables": {"a": "\ud800"}},
                {"to": ANA},
                {"to": ANA},
            ]
        )

        assert told(found) == [
            (1, "", "no_object"),
            (2, "colour", "unknown_member"),
            (2, "to", "no_text"),
            (3, "variables", "no_object"),
            (4, "to", "nobody_named"),
            (5, "variables", "bad_text"),
            (7, "to", "duplicate"),
        ]
