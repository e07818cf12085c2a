"""Templates are compiled once, and never from what is no longer so."""

from __future__ import annotations

from pathlib import Path

import pytest
from jinja2 import Environment, FileSystemLoader

from orchestrator_plugins.renderers.compiled import CompiledTemplates


@pytest.fixture(autouse=True)
def compiled_files_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.dont_write_bytecode", False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "page").write_text("hello {{ name }}")
    (tmp_path / "filters.py").write_text("# version 1")
    return tmp_path


def _page(folder: Path) -> str:
    environment = Environment(
        loader=FileSystemLoader(folder), autoescape=True, bytecode_cache=CompiledTemplates(folder, folder)
    )
    return environment.get_template("page").render(name="<ward>")


def _compiled(folder: Path) -> list[Path]:
    return sorted((folder / "__pycache__").iterdir())


def test_a_second_process_renders_the_same_from_what_the_first_has_compiled(folder: Path) -> None:
    first = _page(folder)
    (kept,) = _compiled(folder)
    written = kept.stat().st_mtime_ns
    assert _page(folder) == first == "hello &lt;ward&gt;"
    assert [path.stat().st_mtime_ns for path in _compiled(folder)] == [written]


def test_a_changed_template_is_compiled_anew(folder: Path) -> None:
    _page(folder)
    (folder / "page").write_text("goodbye {{ name }}")
    assert _page(folder) == "goodbye &lt;ward&gt;"


def test_changed_filters_have_the_template_compiled_anew(folder: Path) -> None:
    _page(folder)
    (before,) = [path.read_bytes() for path in _compiled(folder)]
    (folder / "filters.py").write_text("# version 2")
    _page(folder)
    assert [path.read_bytes() for path in _compiled(folder)] != [before]


@pytest.mark.parametrize("kept", [0, 10, 40])
def test_a_torn_file_is_as_good_as_none(folder: Path, kept: int) -> None:
    _page(folder)
    (place,) = _compiled(folder)
    place.write_bytes(place.read_bytes()[:kept])
    assert _page(folder) == "hello &lt;ward&gt;"


def test_where_nothing_can_be_kept_the_page_is_the_same(folder: Path) -> None:
    (folder / "__pycache__").write_text("in the way")
    assert _page(folder) == "hello &lt;ward&gt;"


def test_a_process_that_may_leave_no_compiled_code_leaves_none(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    assert _page(folder) == "hello &lt;ward&gt;"
    assert not (folder / "__pycache__").exists()
