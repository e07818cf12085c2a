"""Free commands and site Python run only once somebody has accepted exactly them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from orchestrator.documents.accepted import acceptance_digest
from orchestrator.documents.free_item import FreeItem, free_items, unaccepted
from orchestrator.documents.runbook import read_runbook
from orchestrator.model.effect import Effect
from orchestrator.model.plan import Acceptance
from orchestrator.plugin.check import CheckPlugin
from orchestrator.plugin.registry import Registry
from tests.documents.reading import places

Checks = Registry[CheckPlugin]


def items(folder: Path, check: str, checks: Checks) -> tuple[FreeItem, ...]:
    head = "- name: x\n  kind: inspection\n  hosts: all\n  tasks:\n"
    text = f"{head}    - check: {check}\n    - check: {{disk: }}\n"
    return free_items(read_runbook(str(folder / "m.yml"), text.encode(), checks), checks)


def acting(folder: Path, *tasks: str, checks: Checks) -> tuple[FreeItem, ...]:
    head = "- name: x\n  kind: routine\n  hosts: all\n  tasks:\n"
    text = head + "".join(f"    - {task}\n" for task in tasks)
    return free_items(read_runbook(str(folder / "m.yml"), text.encode(), checks), checks)


def accepted(digest: str, effect: Effect = Effect.READ) -> Acceptance:
    return Acceptance(digest, effect, "张三", "只读", "what")


def test_a_command_is_free_until_its_very_text_is_accepted(tmp_path: Path, checks: Checks) -> None:
    (item,) = found = items(tmp_path, "{command: df -P}", checks)
    assert (item.task, item.parameter, item.text, item.what) == ("command", "command", "df -P", "df -P")
    (refusal,) = unaccepted(found, [])
    assert places([refusal]) == ["5:24 not-accepted"]
    assert refusal.hint is not None
    assert "wardround runbook accept RUNBOOK" in refusal.hint.zh
    assert unaccepted(found, [accepted(acceptance_digest("df -P"))]) == []
    assert len(unaccepted(found, [accepted(acceptance_digest("df -P "))])) == 1


def test_what_is_accepted_as_a_change_is_still_refused(tmp_path: Path, checks: Checks) -> None:
    found = items(tmp_path, "{command: sync}", checks)
    (refusal,) = unaccepted(found, [accepted(acceptance_digest("sync"), Effect.IDEMPOTENT)])
    assert "idempotent" in refusal.message.zh


def test_a_runbook_of_plugins_alone_has_nothing_to_accept(tmp_path: Path, checks: Checks) -> None:
    assert items(tmp_path, "{disk: {depth: 1}}", checks) == ()


def test_site_python_is_accepted_by_its_files_bytes(tmp_path: Path, checks: Checks) -> None:
    source = b"import nothing_like_this\n\n\ndef test_spooler(host):\n    assert 1 / 0\n"
    (tmp_path / "files").mkdir()
    (tmp_path / "files/ward.py").write_bytes(source)
    (item,) = found = items(tmp_path, "{site_test: files/ward.py::test_spooler}", checks)
    assert (item.content, item.file, item.what) == (source, "files/ward.py", "files/ward.py")
    assert unaccepted(found, [accepted(acceptance_digest(source))]) == []


@pytest.mark.parametrize(
    ("reference", "says"),
    [
        ("ward.py", "FILE.py::FUNCTION"),
        ("ward.sh::test_a", "FILE.py::FUNCTION"),
        ("gone.py::test_a", "can't read gone.py"),
        ("../ward.py::test_a", "outside"),
        ("/etc/ward.py::test_a", "outside"),
        ("link.py::test_a", "outside"),
        ("ward.py::test_b", "no function test_b"),
        ("ward.py::method", "no function method"),
        ("broken.py::test_a", "syntax error in line 2"),
        ("nul.py::test_a", "syntax error"),
        ("deep.py::test_a", "syntax error"),
        ("folder.py::test_a", "can't read folder.py"),
        ("pipe.py::test_a", "no function test_a"),
    ],
)
def test_site_python_that_cannot_run_is_refused(
    reference: str, says: str, tmp_path: Path, checks: Checks
) -> None:
    runbooks = tmp_path / "runbooks"
    (runbooks / "folder.py").mkdir(parents=True)
    (tmp_path / "ward.py").write_text("def test_a(host): ...\n")
    (runbooks / "ward.py").write_text("def test_a(host): ...\nclass A:\n    def method(self): '\\d'\n")
    (runbooks / "link.py").symlink_to(tmp_path / "ward.py")
    (runbooks / "broken.py").write_text("def test_a(host): ...\ndef (:\n")
    (runbooks / "nul.py").write_bytes(b"def test_a(host): ...\n\0\n")
    os.mkfifo(runbooks / "pipe.py")
    (runbooks / "deep.py").write_text("(" * 5_000)
    (refusal,) = unaccepted(items(runbooks, f'{{site_test: "{reference}"}}', checks), [])
    assert refusal.rule == "site-python"
    assert says in refusal.message.en


def test_what_counts_as_once_needs_nobodys_word(tmp_path: Path, checks: Checks) -> None:
    written = (
        "shell: reboot",
        "{command: 'rm {{ x }}', effect: once}",
        "debug: {msg: x}",
        "pause: {seconds: 1}",
    )
    assert acting(tmp_path, *written, checks=checks) == ()


@pytest.mark.parametrize("effect", [Effect.READ, Effect.IDEMPOTENT])
def test_what_claims_less_is_accepted_as_that_or_as_less(
    effect: Effect, tmp_path: Path, checks: Checks
) -> None:
    found = acting(tmp_path, f"{{shell: sync, effect: {effect}}}", checks=checks)
    assert places(unaccepted(found, [])) == ["5:15 not-accepted"]
    (digest,) = [item.digest for item in found]
    for given in Effect:
        covered = list(Effect).index(given) <= list(Effect).index(effect)
        assert (unaccepted(found, [accepted(digest, given)]) == []) is covered
    assert unaccepted(found, [accepted(digest, Effect.ONCE), accepted(digest, Effect.READ)]) == []


def test_accepted_is_what_the_hosts_shell_is_given(tmp_path: Path, checks: Checks) -> None:
    """Else the word given for a harmless argument would let the same characters pass as a shell's line."""
    line = "echo a; reboot"
    found = acting(
        tmp_path,
        f"{{shell: '{line}', effect: read}}",
        f"{{command: '{line}', effect: read}}",
        "{command: {argv: [echo, a;, reboot]}, effect: read}",
        "{command: {cmd: w, chdir: /srv/a b}, effect: read}",
        checks=checks,
    )
    assert [item.content.decode() for item in found] == [
        line,
        "echo 'a;' reboot",
        "echo 'a;' reboot",
        "cd -- '/srv/a b' || exit\nw",
    ]


def test_a_probe_is_accepted_as_reading_whatever_its_task_does(tmp_path: Path, checks: Checks) -> None:
    found = acting(tmp_path, "{shell: reboot, verify: uptime -s}", checks=checks)
    assert [(item.parameter, item.effect) for item in found] == [("verify", Effect.READ)]
    assert places(unaccepted(found, [accepted(acceptance_digest("uptime -s"), Effect.IDEMPOTENT)])) == [
        "5:31 not-accepted"
    ]
    assert unaccepted(found, [accepted(acceptance_digest("uptime -s"))]) == []


def test_a_script_is_accepted_with_its_bytes_its_arguments_and_its_folder(
    tmp_path: Path, checks: Checks
) -> None:
    (tmp_path / "files").mkdir()
    script = tmp_path / "files/a.sh"
    script.write_text("#!/bin/sh\ndf\n")
    (tmp_path / "files/b.sh").write_bytes(script.read_bytes())
    lines = ["files/a.sh", "files/a.sh --delete", "{cmd: files/a.sh, chdir: /srv}", "files/b.sh"]
    found = acting(tmp_path, *(f"{{script: {line}, effect: read}}" for line in lines), checks=checks)
    assert len({item.digest for item in found}) == len(lines)
    assert {item.source for item in found} == {script.read_bytes()}
    assert "--delete\n#!/bin/sh" in found[1].shown
    before = found[0].digest
    script.write_text("#!/bin/sh\nrm -rf /\n")
    (after,) = acting(tmp_path, "{script: files/a.sh, effect: read}", checks=checks)
    assert after.digest != before


def test_a_script_that_counts_as_once_is_still_read(tmp_path: Path, checks: Checks) -> None:
    (tmp_path / "a.sh").write_text("reboot\n")
    found = acting(tmp_path, "script: a.sh {{ x }}", checks=checks)
    assert [(item.file, item.source) for item in found] == [("a.sh", b"reboot\n")]
    assert unaccepted(found, []) == []


@pytest.mark.parametrize(
    ("cmd", "says"),
    [
        ("gone.sh", "can't read gone.sh"),
        ("../a.sh", "outside"),
        ("link.sh", "outside"),
        ("/bin/sh", "names no script"),
        ("'{{ name }}.sh'", "names no script"),
        ("latin.sh", "no UTF-8"),
        ("nul.sh", "no UTF-8"),
        ("folder.sh", "can't read folder.sh"),
    ],
)
def test_a_script_that_cannot_be_sent_is_refused(cmd: str, says: str, tmp_path: Path, checks: Checks) -> None:
    runbooks = tmp_path / "runbooks"
    (runbooks / "folder.sh").mkdir(parents=True)
    (tmp_path / "a.sh").write_text("w\n")
    (runbooks / "link.sh").symlink_to(tmp_path / "a.sh")
    (runbooks / "latin.sh").write_bytes("é".encode("latin-1"))
    (runbooks / "nul.sh").write_bytes(b"w\0\n")
    (refusal,) = unaccepted(acting(runbooks, f"script: {cmd}", checks=checks), [])
    assert refusal.rule == "script-file"
    assert says in refusal.message.en
