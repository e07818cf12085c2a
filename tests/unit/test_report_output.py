"""What `wardround report -o -` may send to a terminal."""

from __future__ import annotations

import io

import click
import pytest

from orchestrator.cli.report import _print


class Terminal(io.TextIOWrapper):
    """A standard output that is a terminal."""

    def isatty(self) -> bool:
        return True


def test_a_workbook_or_pdf_never_garbles_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.BytesIO()
    monkeypatch.setattr("sys.stdout", Terminal(screen))
    with pytest.raises(click.UsageError, match="-o"):
        _print(b"%PDF-1.7\n\xe2\xe3\xcf\xd3")
    assert screen.getvalue() == b""


def test_text_goes_to_a_terminal_and_anything_to_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    screen, file = io.BytesIO(), io.BytesIO()
    monkeypatch.setattr("sys.stdout", Terminal(screen))
    _print("早巡检".encode())
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(file))
    _print(b"PK\x03\x04\xff")
    assert screen.getvalue().decode() == "早巡检"
    assert file.getvalue() == b"PK\x03\x04\xff"
