"""The file of acceptances is read strictly and extended without losing a word of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.documents.accepted import acceptance_digest, append_acceptance, read_acceptances
from orchestrator.errors import InvalidDocument, StoreError
from orchestrator.model.effect import Effect
from orchestrator.model.plan import Acceptance
from tests.documents.reading import places, refused

D = "a" * 64
E = "b" * 64


def acceptance(what: str, by: str = "张三", reason: str = "只读，已核对") -> Acceptance:
    return Acceptance(acceptance_digest(what), Effect.READ, by, reason, what)


def test_the_digest_is_that_of_the_text_alone() -> None:
    assert acceptance_digest("df -P") == acceptance_digest(b"df -P") != acceptance_digest("df -P\n")


@pytest.mark.parametrize("text", ["", "# nobody yet\n", "[]\n"])
def test_a_file_may_hold_none(text: str) -> None:
    assert read_acceptances("a.yml", text.encode()) == ()


def test_mistakes_have_their_places() -> None:
    text = f"""\
- {{digest: {D}, effect: read, by: a, reason: b, what: c}}
- {{digest: {D}, effect: read, by: a, reason: b, what: c}}
"""
    assert places(refused(lambda: read_acceptances("a.yml", text.encode()))) == ["2:3 duplicate-acceptance"]
    text = f'- {{digest: 12ab, effect: reed, by: " ", what: c}}\n- {{digest: {E}, efect: read}}\n'
    assert places(refused(lambda: read_acceptances("a.yml", text.encode())))[:4] == [
        "1:3 missing-key",
        "1:12 invalid-value",
        "1:26 unknown-value",
        "1:36 invalid-value",
    ]


@pytest.mark.parametrize(
    "before",
    [
        None,
        "",
        "# 认可清单\n",
        "[]\n",
        "---\n# 认可清单\n",
        f"# first\n- digest: {D}\n  effect: read\n  by: a\n  reason: b\n  what: c  # kept\n# last",
        f"  - {{digest: {D}, effect: read, by: a, reason: b, what: c}}\n\n",
        f"- digest: {D}\r\n  effect: read\r\n  by: a\r\n  reason: b\r\n  what: |\r\n    c\r\n    d\r\n",
    ],
)
def test_an_acceptance_is_appended_and_the_rest_stays(before: str | None, tmp_path: Path) -> None:
    path = tmp_path / "accepted.yml"
    known = read_acceptances("a", before.encode()) if before else ()
    if before is not None:
        path.write_bytes(before.encode())
    new = acceptance("df -P |\n  sort\n\techo no\n")
    append_acceptance(path, new)
    append_acceptance(path, acceptance("no"))
    assert read_acceptances("a", path.read_bytes()) == (*known, new, acceptance("no"))
    kept = (before or "").replace("[]", "").rstrip()
    assert path.read_bytes().decode().startswith(kept)
    assert list(tmp_path.iterdir()) == [path]


PRINTABLE = st.text(st.characters(codec="utf-8"), min_size=1).filter(
    lambda text: bool(text.strip()) and "\0" not in text
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(what=PRINTABLE, by=PRINTABLE, reason=PRINTABLE)
def test_any_text_survives_the_way_through_the_file(what: str, by: str, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "accepted.yml"
    path.unlink(missing_ok=True)
    append_acceptance(path, acceptance("first"))
    new = acceptance(what, by, reason)
    if new.digest == acceptance("first").digest:
        return
    append_acceptance(path, new)
    assert read_acceptances("a", path.read_bytes())[1] == new


def test_the_same_acceptance_twice_is_refused_and_the_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "accepted.yml"
    append_acceptance(path, acceptance("df"))
    before = path.read_bytes()
    with pytest.raises(InvalidDocument):
        append_acceptance(path, acceptance("df"))
    assert path.read_bytes() == before


def test_a_list_in_brackets_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "accepted.yml"
    path.write_text(f"[{{digest: {D}, effect: read, by: a, reason: b, what: c}}]\n")
    assert places(refused(lambda: append_acceptance(path, acceptance("df")))) == ["1:1 flow-list"]


def test_a_file_that_cannot_be_written_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="can't write"):
        append_acceptance(tmp_path / "missing" / "accepted.yml", acceptance("df"))


def test_the_files_mode_and_a_link_to_it_are_kept(tmp_path: Path) -> None:
    path, link = tmp_path / "real.yml", tmp_path / "accepted.yml"
    append_acceptance(path, acceptance("df"))
    path.chmod(0o640)
    link.symlink_to(path)
    append_acceptance(link, acceptance("du"))
    assert link.is_symlink()
    assert path.stat().st_mode & 0o777 == 0o640
    assert len(read_acceptances("a", path.read_bytes())) == 2
