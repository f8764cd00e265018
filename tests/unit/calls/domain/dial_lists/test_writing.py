"""Files that a spreadsheet opens as they are meant."""

import pytest

from calls.domain.dial_lists.writing import cell, write_rows


def test_rows_come_one_by_one_after_a_byte_order_mark():
    assert list(write_rows([["a", 1], ["b;", None], ['"c"', "d,e"]])) == [
        "\ufeff",
        "a,1\r\n",
        "b;,\r\n",
        '"""c""","d,e"\r\n',
    ]


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+351", "-5", "@SUM(A1)", "\tx", "\rx", " =1", "\n=1", "\uff1d1", "'=1", "''=1", "'1"],
)
def test_nothing_is_a_formula(text):
    assert cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "a=1", "447700900123", "1-2", " ", "'a", "'"])
def test_other_text_stays(text):
    assert cell(text) == text
