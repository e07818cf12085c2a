"""What Ansible answered is remembered, and described the same way every time."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.errors import InvalidInventory
from orchestrator.language import Language
from orchestrator.model.inventory import Inventory
from orchestrator.reach.inventory_answer import Answer, describe
from orchestrator.reach.inventory_cache import KEPT, KEY_SIZE, CacheFolder, InventoryCache
from orchestrator.reach.vault import Vault


def answer(**variables: object) -> Answer:
    listing = {
        "_meta": {"hostvars": {"his-db01": variables}},
        "all": {"children": ["ungrouped", "db", "empty"]},
        "db": {"hosts": ["his-db01", "his-db02"]},
    }
    return Answer(listing, {"db": ["his-db01", "his-db02"]}, {})


def described(**variables: object) -> Inventory:
    return describe(answer(**variables), [Path("/site/hosts.ini")], Vault(None, None), frozenset({"owner"}))


def test_equal_answers_have_equal_digests() -> None:
    assert described(port=22).sha256 == described(port=22).sha256


def test_a_changed_variable_changes_the_digest() -> None:
    assert described(port=22).sha256 != described(port=2222).sha256


@pytest.mark.parametrize("secret", ["owner", "db_password"])
def test_the_digest_says_nothing_of_secrets(secret: str) -> None:
    assert described(**{secret: "guess me"}).sha256 == described(**{secret: "or me"}).sha256


def test_a_host_without_variables_and_a_group_without_hosts_are_there() -> None:
    inventory = described()
    assert set(inventory.hosts) == {"his-db01", "his-db02"}
    assert inventory.groups == {"db", "empty"}


def test_templates_may_name_the_inventorys_folder() -> None:
    assert described().hosts["his-db02"].variables["inventory_dir"] == "/site"


@pytest.mark.parametrize("name", ["h" * 256, "db\u202e1", "db\t1", "db\x1b[2J"])
def test_a_host_whose_name_can_not_be_recorded_or_hides_something_is_refused(name: str) -> None:
    listing = {"_meta": {"hostvars": {}}, "all": {"hosts": ["db1", name]}}
    with pytest.raises(InvalidInventory) as refused:
        describe(Answer(listing, {}, {}), [Path("/site/hosts.ini")], Vault(None, None), frozenset())
    said = refused.value.say(Language.EN)
    assert said.isprintable()
    assert repr(name[:5])[1:-1] in said
    assert len(said) < 300


KEY = b"k" * KEY_SIZE


def cache(folder: Path, files: str = "files") -> InventoryCache:
    return InventoryCache(CacheFolder(folder, KEY), files, ["db"], None)


def test_an_answer_is_remembered_for_the_same_files_patterns_and_limit(tmp_path: Path) -> None:
    cache(tmp_path).save(answer(port=22))
    assert cache(tmp_path).load() == answer(port=22)
    assert cache(tmp_path, "other files").load() is None
    assert InventoryCache(CacheFolder(tmp_path, KEY), "files", ["db"], "db").load() is None


@pytest.mark.parametrize("damage", [b"", b"\xff\x00", b"[]", b'{"sha256": 1, "answer": 2}', b"[" * 100_000])
def test_a_damaged_entry_is_as_good_as_none(tmp_path: Path, damage: bytes) -> None:
    cache(tmp_path).save(answer())
    (entry,) = tmp_path.iterdir()
    entry.write_bytes(damage)
    assert cache(tmp_path).load() is None


def test_an_entry_that_somebody_edited_is_as_good_as_none(tmp_path: Path) -> None:
    cache(tmp_path).save(answer())
    (entry,) = tmp_path.iterdir()
    content = entry.read_bytes()
    entry.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert cache(tmp_path).load() is None


def test_the_cache_keeps_only_the_newest_entries(tmp_path: Path) -> None:
    for number in range(KEPT + 3):
        cache(tmp_path, f"files {number}").save(answer())
    assert len(list(tmp_path.iterdir())) == KEPT


def test_a_cache_that_cannot_be_written_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    cache(tmp_path / "file").save(answer())
    assert cache(tmp_path / "file").load() is None


def test_a_password_in_plain_text_can_not_be_read_where_its_answer_is_remembered(tmp_path: Path) -> None:
    cache(tmp_path / "cache").save(answer(ansible_password="Plain-Text-9"))
    (entry,) = (tmp_path / "cache").iterdir()
    assert b"Plain-Text-9" not in entry.read_bytes()
    assert b"his-db02" not in entry.read_bytes()
    assert (entry.stat().st_mode & 0o777, entry.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert cache(tmp_path / "cache").load() == answer(ansible_password="Plain-Text-9")


def test_another_key_opens_nothing_and_neither_does_another_place(tmp_path: Path) -> None:
    cache(tmp_path).save(answer())
    other = InventoryCache(CacheFolder(tmp_path, b"x" * KEY_SIZE), "files", ["db"], None)
    assert other.load() is None
    (entry,) = tmp_path.iterdir()
    cache(tmp_path, "other").save(answer(port=1))
    (moved,) = set(tmp_path.iterdir()) - {entry}
    moved.write_bytes(entry.read_bytes())
    assert cache(tmp_path, "other").load() is None


def test_what_an_earlier_version_remembered_in_plain_text_is_removed_at_first_sight(tmp_path: Path) -> None:
    for name in (f"{'0' * 64}.json", ".new-abc"):
        (tmp_path / name).write_text("ansible_password: Plain-Text-9")
    assert cache(tmp_path).load() is None
    assert list(tmp_path.iterdir()) == []
