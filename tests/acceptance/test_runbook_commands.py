"""`wardround runbook show|plan|accept`, as a person reads them before anything is done."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

COMMAND = Path(sys.executable).with_name("wardround")
SECRET = "hunter22"

pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.xdist_group("command-line"),
    pytest.mark.skipif(not COMMAND.exists(), reason="needs the installed wardround command"),
]

INVENTORY = f"""\
all:
  vars: {{ansible_connection: local, db_password: {SECRET}}}
  children:
    his:
      hosts:
        app01: {{unit: his}}
        test01: {{unit: his-test, environment: test}}
        test02: {{unit: his-test, environment: test}}
"""
RUNBOOK = """\
- name: 重启 HIS
  kind: routine
  hosts: his
  vars: {why: 例行}
  tasks:
    - {id: look, command: uptime, effect: read}
    - name: 停止
      id: stop
      shell: echo {{ unit }} {{ why }} >> /nowhere/log; login {{ db_password }}
      verify: test -e /nowhere/log
      timeout: 30
    - {id: warm, script: files/warm.sh --all, effect: idempotent}
    - {id: rest, pause: {seconds: 5}}
    - {id: small, assert: {that: "unit == 'his'"}}
    - {id: port, check: {tcp_probe: {port: 22}, crit: {connect_ms: "> 5000"}}}
"""
SCRIPT = '#!/bin/sh\necho warm "$@"\n'


class Place:
    """A site in a folder, and the command in it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        runbooks = root / "runbooks" / "routine"
        (runbooks / "files").mkdir(parents=True)
        (root / "inventory.yml").write_text(INVENTORY)
        (root / "wardround.yml").write_text(
            "hospital: {zh: 试验医院, en: Trial Hospital}\ninventory: inventory.yml\nsingle_user: true\n"
        )
        self.runbook = runbooks / "restart.yml"
        self.runbook.write_text(RUNBOOK)
        self.script = runbooks / "files" / "warm.sh"
        self.script.write_text(SCRIPT)

    def run(self, *arguments: str, code: int = 0, lang: str = "en") -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [COMMAND, "--lang", lang, *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            env={**os.environ, "WARDROUND_SITE": str(self.root), "COLUMNS": "200"},
        )
        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stderr
        return done

    def data(self, *arguments: str, code: int = 0) -> Any:
        return json.loads(self.run(*arguments, "--json", code=code).stdout)

    def accept(self) -> str:
        return self.run("runbook", "accept", "restart", "--reason", "checked", "--yes").stderr


@pytest.fixture(scope="module")
def accepted(place: Place) -> Place:
    place.accept()
    return place


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return Place(tmp_path_factory.mktemp("site"))


def test_a_runbook_is_shown_before_and_after_somebody_accepted_what_is_in_it(place: Place) -> None:
    before = place.run("runbook", "show", "restart").stdout
    assert before.count("nobody has accepted it") == 3
    assert "wardround runbook accept restart" in before
    for line in (
        "重启 HIS  [his]",
        'vars: {"why": "例行"}',
        "1. look  command  read",
        "2. stop  停止  shell  once  within 30 s",
        "cmd: echo {{ unit }} {{ why }} >> /nowhere/log; login {{ db_password }}",
        "verify: test -e /nowhere/log",
        "6. port  ",
        "crit connect_ms: > 5000",
    ):
        assert line in before
    refused = place.run("runbook", "plan", "restart", code=2)
    assert refused.stderr.count("restart.yml:") == 3
    assert not refused.stdout

    said = place.accept()
    assert said.count("effect: read") == 2
    assert said.count("effect: idempotent") == 1
    assert "files/warm.sh --all\n#!/bin/sh\necho warm" in said
    assert "accepted 3 of 3" in said

    tasks = {task["id"]: task for task in place.data("runbook", "show", "restart")["plays"][0]["tasks"]}
    assert [(one["what"], one["as"], one["effect"]) for one in tasks["warm"]["accepted"]] == [
        ("cmd", "idempotent", "idempotent")
    ]
    assert [(one["what"], one["as"], one["reason"]) for one in tasks["stop"]["accepted"]] == [
        ("verify", "read", "checked")
    ]
    assert tasks["look"]["accepted"][0]["by"]
    assert (tasks["stop"]["effect"], tasks["port"]["accepted"]) == ("once", [])


def test_a_plan_says_what_would_run_where_and_that_the_gate_would_refuse_it(accepted: Place) -> None:
    shown = accepted.run("runbook", "plan", "restart", code=1).stdout
    assert SECRET not in shown
    for line in (
        "app01  local  no environment  uses secrets",
        "test01  local  test  uses secrets",
        "echo {{ unit }} {{ why }} >> /nowhere/log; login {{ db_password }}",
        "seconds: 5",
        "✓ unit == 'his'",
        "✗ unit == 'his'",
        "asked now, the gate refuses it: it changes hosts that are no test hosts",
    ):
        assert line in shown
    assert "闸门拒绝" in accepted.run("runbook", "plan", "restart", code=1, lang="zh").stdout


def test_a_plan_over_test_hosts_alone_would_pass(accepted: Place) -> None:
    row = accepted.data("runbook", "plan", "restart", "-l", "test*")
    assert row["gate"]["passes"] is True
    assert (row["effect"], len(row["digest"])) == ("once", 64)
    assert [host["name"] for host in row["hosts"]] == ["test01", "test02"]
    (play,) = row["plays"]
    assert [task["id"] for task in play["tasks"]] == ["look", "stop", "warm", "rest", "small", "port"]
    assert play["tasks"][0]["on"] == [{"hosts": ["test01", "test02"], "text": "uptime"}]
    assert SECRET not in json.dumps(row)


def test_a_plan_opens_no_database_and_is_the_same_each_time(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.runbook.write_text("- {name: x, kind: routine, hosts: his, tasks: [{command: reboot}]}\n")
    digests = {place.data("runbook", "plan", "restart", "-l", "test*")["digest"] for _ in range(2)}
    assert len(digests) == 1
    kept = [path.name for path in (tmp_path / "var").iterdir()]
    assert not [name for name in kept if "sqlite" in name or name == "store"]


def test_a_script_that_was_edited_is_not_accepted_any_more(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.accept()
    place.script.write_text(f"{SCRIPT}rm -rf /nowhere\n")
    refused = place.run("runbook", "plan", "restart", code=2)
    assert "files/warm.sh --all" in refused.stderr
    assert "runbook accept" in refused.stderr


def test_what_cannot_be_read_is_one_clear_error(place: Place) -> None:
    assert "did you mean restart" in place.run("runbook", "show", "restrat", code=2).stderr
    assert "did you mean restart" in place.run("runbook", "plan", "restrat", code=2).stderr
