"""What a site's document says of its audit log is what its log does."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.bootstrap import open_wardround
from orchestrator.model.site import HashAlgorithm
from orchestrator.records.database import disconnect

SITE = "hospital: {zh: 示范医院, en: Demo Hospital}\n"


def site(folder: Path, more: str) -> Path:
    (folder / "inventory").mkdir(parents=True)
    (folder / "runbooks").mkdir()
    (folder / "wardround.yml").write_text(SITE + more, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("more", "algorithm", "head"),
    [
        ("", HashAlgorithm.SM3, "var/audit"),
        ("audit: elsewhere\nhash_algorithm: sha256\n", HashAlgorithm.SHA256, "elsewhere"),
        ("audit: elsewhere\nhash_algorithm: sm3\n", HashAlgorithm.SM3, "elsewhere"),
    ],
)
def test_the_log_goes_on_with_the_algorithm_and_in_the_folder_that_the_site_names(
    more: str, algorithm: HashAlgorithm, head: str, tmp_path: Path
) -> None:
    root = site(tmp_path / "site", more)
    wardround = open_wardround(root)
    try:
        wardround.database.backup(None)
        (event,) = wardround.audit.events()
        verified = wardround.audit.verify()
    finally:
        disconnect()
    assert event.hash.startswith(f"{algorithm}:")
    assert verified.broken is None
    assert [one.relative_to(root).as_posix() for one in root.rglob("head.json")] == [f"{head}/head.json"]
