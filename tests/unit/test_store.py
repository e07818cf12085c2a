"""Frozen plans and files are what they were, or are said not to be."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.errors import NotFound, StoreError
from orchestrator.records.store import Store
from tests.rounds import plan


def only_file(state: Path) -> Path:
    (found,) = [path for path in (state / "store").rglob("*") if path.is_file()]
    return found


@pytest.mark.parametrize("content", [b"", b"plays: []\n", bytes(range(256)) * 5000])
def test_what_is_put_comes_back(tmp_path: Path, content: bytes) -> None:
    digest = Store(tmp_path).put(content)
    assert digest == hashlib.sha256(content).hexdigest()
    assert Store(tmp_path).get(digest) == content


def test_the_same_content_is_kept_once(tmp_path: Path) -> None:
    assert Store(tmp_path).put(b"same") == Store(tmp_path).put(b"same")
    assert only_file(tmp_path).read_bytes() == b"same"


def test_changed_content_is_never_handed_out(tmp_path: Path) -> None:
    digest = Store(tmp_path).put(b"df -P")
    file = only_file(tmp_path)
    file.chmod(0o600)
    file.write_bytes(b"rm -rf")
    with pytest.raises(StoreError, match="changed or damaged"):
        Store(tmp_path).get(digest)


def test_what_was_never_put_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        Store(tmp_path).get("0" * 64)


def test_a_plan_thaws_to_the_files_it_was_made_of(tmp_path: Path) -> None:
    files = {"runbooks/morning.yml": b"- hosts: db\n", "checks/test_his.py": b"def test(): ...\n"}
    documents = {path: hashlib.sha256(content).hexdigest() for path, content in files.items()}
    frozen = Store(tmp_path).freeze(replace(plan("db1"), documents=documents), files)
    assert Store(tmp_path).thaw(frozen) == files


def test_equal_plans_freeze_to_the_same_name_and_others_do_not(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert store.freeze(plan("db1"), {}) == store.freeze(plan("db1"), {})
    assert store.freeze(plan("db1"), {}) != store.freeze(plan("db2"), {})


def test_a_file_that_changed_since_the_plan_was_made_is_refused(tmp_path: Path) -> None:
    documents = {"morning.yml": hashlib.sha256(b"as planned").hexdigest()}
    with pytest.raises(StoreError, match=r"morning\.yml"):
        Store(tmp_path).freeze(replace(plan("db1"), documents=documents), {"morning.yml": b"as edited"})


def test_a_store_that_can_not_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("a file, not a folder")
    with pytest.raises(StoreError, match="store"):
        Store(tmp_path).put(b"content")


def test_a_write_that_fails_leaves_no_part_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(StoreError, match="full"):
        Store(tmp_path).put(b"content")
    assert [path for path in (tmp_path / "store").rglob("*") if path.is_file()] == []
