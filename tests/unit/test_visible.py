"""What people and hosts wrote never moves a terminal's cursor, nor breaks a line of a list."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.cli.visible import one_line, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("磁盘已订购 3 块", "磁盘已订购 3 块"),
        ("first\nsecond\r\n\tthird ", "first second third"),
        ("\x1b[2Jall is well", r"\x1b[2Jall is well"),
        ("gpj\u202eexe.", r"gpj\u202eexe."),
        ("\x9b31m\x00\x7f", r"\x9b31m\x00\x7f"),
    ],
)
def test_a_text_in_a_list_is_one_line_and_shows_what_would_hide(text: str, shown: str) -> None:
    assert one_line(text) == shown


@given(st.text())
def test_whatever_is_written_is_one_printable_line(text: str) -> None:
    assert one_line(text).isprintable()


@given(st.text())
def test_lines_stay_where_they_may(text: str) -> None:
    assert visible(text).replace("\n", "").replace("\t", "").replace("\u3000", "").isprintable()
    assert visible(text).count("\n") == text.count("\n")
