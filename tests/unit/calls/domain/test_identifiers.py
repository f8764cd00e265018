"""Reading our ids."""

from uuid import UUID

import pytest

from calls.domain.identifiers import read_id


def test_an_id_is_read():
    text = "2125d660-93ac-4a93-8513-0d6645a6c985"

    assert read_id(text) == UUID(text)


@pytest.mark.parametrize("text", ["", "stranger", "2125d660", "wacid.A", "\0"])
def test_what_is_no_id_is_none_of_ours(text):
    assert read_id(text) is None
