"""Lint looks at every document of ours beneath a path, with the eyes of planning."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.documents.accepted import acceptance_digest, append_acceptance
from orchestrator.documents.lint import LintResult, lint
from orchestrator.documents.site import read_site
from orchestrator.errors import NotFound
from orchestrator.model.effect import Effect
from orchestrator.model.plan import Acceptance
from orchestrator.plugin.check import CheckPlugin
from orchestrator.plugin.registry import Registry

Checks = Registry[CheckPlugin]

RUNBOOK = "- name: x\n  kind: inspection\n  hosts: all\n  tasks:\n    - check: {command: df}\n"


def seen(result: LintResult, root: Path) -> list[str]:
    return [
        f"{Path(found.position.file).relative_to(root)}:{found.position.line} {found.rule}"
        for found in result.diagnostics
    ]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A site with one fault in each kind of document, and faults in files that are not ours."""
    for name, text in {
        "wardround.yml": "hospital: {zh: 医院, en: H}\nstate: var\nsystems: catalogue.yml\n",
        "catalogue.yml": "systems: 3\n",
        "thresholds.yml": "thresholds: {dsk: {}}\n",
        "accepted.yml": "- digest: 3\n",
        "runbooks/inspection/morning.yml": RUNBOOK,
        "runbooks/inspection/evening.yaml": "a: [\n",
        "runbooks/inspection/files/data.yml": "a: [\n",
        "loose/round.yml": RUNBOOK,
        "loose/other.yml": "a: [\n",
        "playbooks/site.yml": "- hosts: all\n  tasks: []\n  tasks: []\n",
        "inventory/hosts.yml": "all: !vault x\n",
        "inventory/group_vars/all.yml": "kind: [\n",
        "group_vars/all.yml": "kind: [\n",
        ".git/x.yml": "kind: [\n",
        "var/kept.yml": "kind: [\n",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def test_every_document_is_found_and_no_file_of_others(root: Path, checks: Checks) -> None:
    site = read_site(root / "wardround.yml")
    result = lint([root], site, checks)
    assert result.files == 7
    assert sorted({line.split(":")[0] for line in seen(result, root)}) == [
        "accepted.yml",
        "catalogue.yml",
        "loose/round.yml",
        "runbooks/inspection/evening.yaml",
        "runbooks/inspection/morning.yml",
        "thresholds.yml",
    ]


def test_a_free_command_passes_once_it_is_accepted(root: Path, checks: Checks) -> None:
    (root / "accepted.yml").unlink()
    runbook = root / "runbooks/inspection/morning.yml"
    assert seen(lint([runbook], None, checks), root) == ["runbooks/inspection/morning.yml:5 not-accepted"]
    append_acceptance(
        root / "accepted.yml", Acceptance(acceptance_digest("df"), Effect.READ, "张三", "只读", "df")
    )
    assert seen(lint([runbook], read_site(root / "wardround.yml"), checks), root) == []
    assert "not-accepted" not in {found.rule for found in lint([root], None, checks).diagnostics}


def test_a_file_that_is_named_is_checked_whatever_it_is_called(root: Path, checks: Checks) -> None:
    result = lint([root / "loose/other.yml"], None, checks)
    assert (result.files, seen(result, root)) == (1, ["loose/other.yml:1 yaml-syntax"])


def test_a_file_named_twice_is_checked_once(root: Path, checks: Checks) -> None:
    path = root / "runbooks/inspection/morning.yml"
    assert lint([path, path, root / "runbooks"], None, checks).files == 2


def test_a_broken_site_file_is_told_with_the_rest(root: Path, checks: Checks) -> None:
    (root / "wardround.yml").write_text("hospitl: x\n")
    assert "wardround.yml:1 unknown-key" in seen(lint([root], None, checks), root)


def test_a_path_that_does_not_exist_is_one_clear_error(root: Path, checks: Checks) -> None:
    with pytest.raises(NotFound):
        lint([root / "gone"], None, checks)
