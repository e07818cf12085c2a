"""Findings and waivers with the installed command, over a real OpenSSH server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.sshd import Sshd, known_hosts_of, needs_sshd, running_sshd

pytestmark = needs_sshd
COMMAND = Path(sys.executable).with_name("wardround")
RUNBOOK = """\
- name: 早巡检
  kind: inspection
  hosts: all
  tasks:
    - name: 错误日志
      id: log
      check:
        log_pattern: {path: "%s", pattern: ERROR}
        warn: "> 0"
        crit: "> 5"
    - name: 可用内存
      id: memory
      check:
        memory_available: {}
        warn: "< 1"
        crit: "< 0"
"""


@dataclass(frozen=True)
class Place:
    """A site with one host behind SSH, and the file whose size its check looks at."""

    root: Path
    watched: Path
    server: Sshd

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "WARDROUND_LANG": "en", "WARDROUND_SITE": str(self.root)}
        return subprocess.run(
            [COMMAND, *arguments], env=environment, capture_output=True, text=True, timeout=200, check=False
        )

    def data(self, *arguments: str) -> Any:
        ended = self.run(*arguments, "--json")
        assert "Traceback" not in ended.stderr
        return json.loads(ended.stdout)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    with running_sshd(tmp_path_factory.mktemp("sshd")) as (one,):
        yield one


@pytest.fixture
def place(server: Sshd, tmp_path: Path) -> Place:
    return _made(server, tmp_path)


@pytest.fixture(scope="module")
def recorded_place(server: Sshd, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """One with a finding on record, for what is refused and so changes nothing."""
    made = _made(server, tmp_path_factory.mktemp("recorded"))
    made.watched.write_text("ERROR disk\n")
    assert ran(made) == 1
    return made


def _made(server: Sshd, folder: Path) -> Place:
    watched = folder / "watched.log"
    watched.write_text("")
    made = Place(folder / "site", watched, server)
    assert made.run("init", str(made.root)).returncode == 0
    way = server.connection()
    host = {
        "ansible_host": way.address,
        "ansible_port": way.port,
        "ansible_user": way.user,
        "ansible_ssh_private_key_file": str(way.key_file),
    }
    (made.root / "inventory" / "hosts.yml").write_text(json.dumps({"all": {"hosts": {"db1": host}}}))
    (made.root / "known_hosts").write_text(known_hosts_of([server]))
    runbook = made.root / "runbooks" / "inspection" / "morning.yml"
    runbook.write_text(RUNBOOK % watched)
    file = made.root / "wardround.yml"
    patient = file.read_text().replace("connect_timeout: 10 ", "connect_timeout: 90 ")
    file.write_text(patient + "single_user: true\n")  # a busy machine must not fail a login
    return made


def ran(place: Place) -> int:
    return place.run("round", "run", "morning").returncode


def test_a_finding_is_assigned_rechecked_and_closed_once_it_is_gone(place: Place) -> None:
    place.watched.write_text("ERROR disk\n")
    assert ran(place) == 1
    (found,) = place.data("finding", "list")
    number = str(found["number"])
    assert (found["host"], found["task"], found["state"]) == ("db1", "log", "open")
    assert place.run("finding", "assign", number, "wang", "--due", "3d", "--note", "look").returncode == 0
    assert place.run("finding", "note", number, "身份证 11010519491231002X").returncode == 0
    refused = place.run("finding", "close", number, "--note", "done")
    assert refused.returncode == 2
    assert "wardround finding recheck" in refused.stderr

    still = place.run("finding", "recheck", number)
    assert (still.returncode, "still there" in still.stdout) == (1, True), still
    place.watched.write_text("all well\n")
    gone = place.data("finding", "recheck", number)
    assert (gone["seen"], gone["finding"]["state"]) == ("gone", "cleared")
    assert place.run("finding", "close", number, "--note", "mended").returncode == 0

    shown = place.data("finding", "show", number)
    assert (shown["state"], shown["owner"]) == ("closed", "wang")
    assert [note["act"] for note in shown["notes"]] == ["assigned", "noted", "closed"]
    assert "11010519491231002X" not in json.dumps(shown)
    assert {note["proof"] for note in shown["notes"]} == {"single_user"}
    rounds = place.data("round", "list")
    assert [line["due"] for line in rounds] == [1, 1, 2]
    again = place.run("finding", "recheck", number)
    assert (again.returncode, "gone already" in again.stderr) == (2, True)


def test_a_text_of_several_lines_is_one_line_of_a_list_and_whole_in_json(place: Place) -> None:
    place.watched.write_text("ERROR disk\n")
    assert ran(place) == 1
    (found,) = place.data("finding", "list")
    number, text = str(found["number"]), "vendor called:\n  \x1b[2Jordered"
    assert place.run("finding", "note", number, text).returncode == 0
    added = place.run("waiver", "add", "--finding", number, "--until", "7d", "--reason", text)
    said = r"vendor called: \x1b[2Jordered"
    assert (added.stdout.count("\n"), said in added.stdout) == (1, True), added
    for command in (("waiver", "list"), ("finding", "show", number), ("round", "run", "morning")):
        assert said in place.run(*command).stdout, command
    (waiver,) = place.data("waiver", "list")
    (note,) = place.data("finding", "show", number)["notes"]
    assert (waiver["reason"], note["text"]) == (text, text)


def test_what_looks_like_a_markup_of_the_terminal_is_shown_as_it_is(place: Place) -> None:
    place.watched.write_text("ERROR [/data] is full :bomb: [red]x\n")
    shown = place.run("round", "run", "morning")
    assert (shown.returncode, "ERROR [/data] is full :bomb: [red]x" in shown.stdout) == (1, True), shown
    (found,) = place.data("finding", "list")
    assert place.run("finding", "assign", str(found["number"]), "wang[/b]").returncode == 0
    listed = place.run("finding", "list")
    assert (listed.returncode, "wang[/b]" in listed.stdout) == (0, True), listed


def test_a_recheck_that_could_not_look_says_so_and_closes_nothing(place: Place) -> None:
    place.watched.write_text("ERROR disk\n")
    ran(place)
    (found,) = place.data("finding", "list")
    place.watched.unlink()
    looked = place.run("finding", "recheck", str(found["number"]))
    assert (looked.returncode, "could not look" in looked.stdout) == (3, True), looked
    assert place.run("finding", "close", str(found["number"]), "--note", "gone?").returncode == 2


def test_a_waived_finding_lets_the_round_pass_until_it_gets_worse(place: Place) -> None:
    place.watched.write_text("ERROR disk\n")
    assert ran(place) == 1
    (found,) = place.data("finding", "list")
    number = str(found["number"])
    added = place.run("waiver", "add", "--finding", number, "--until", "7d", "--reason", "ordered")
    assert added.returncode == 0, added
    passed = place.run("round", "run", "morning")
    assert passed.returncode == 0, passed
    assert "Waiver ends soon" in passed.stdout
    assert place.run("finding", "recheck", number).returncode == 1
    place.watched.write_text("ERROR disk\n" * 9)
    assert ran(place) == 1
    (waiver,) = place.data("waiver", "list")
    assert (waiver["covers"], waiver["reason"]) == ("warn", "ordered")
    again = place.run("waiver", "add", "db1", "log", "--until", "7d", "--reason", "again")
    assert (again.returncode, f"waiver {waiver['number']} " in again.stderr) == (2, True)
    ended = place.run("waiver", "expire", str(waiver["number"]), "--reason", "mended")
    assert ended.returncode == 0
    assert place.data("waiver", "list") == []


@pytest.mark.parametrize(
    ("arguments", "phrase"),
    [
        (["db1", "log", "--reason", "x"], "--until"),
        (["db1", "log", "--until", "7d"], "--reason"),
        (["db1", "log", "--until", "7d", "--reason", " "], "reason is required"),
        (["db1", "log", "--until", "2020-01-01", "--reason", "x"], "has passed"),
        (["db1", "log", "--until", "400d", "--reason", "x"], "a year at most"),
        (["db2", "log", "--until", "7d", "--reason", "x"], "did you mean db1?"),
        (["db1", "logs", "--until", "7d", "--reason", "x"], "did you mean log?"),
        (["db1", "log", "--metric", "match", "--until", "7d", "--reason", "x"], "did you mean matches?"),
        (["db1", "log", "--subject", "nowhere", "--until", "7d", "--reason", "x"], "no recorded round"),
        (["db1", "memory", "--until", "7d", "--reason", "x"], "nothing is wrong with it now"),
        (["--finding", "77", "--until", "7d", "--reason", "x"], "there is no finding 77"),
        (["--until", "7d", "--reason", "x"], "name a host and a task"),
    ],
)
def test_a_waiver_that_can_not_be_is_refused_in_one_sentence(
    recorded_place: Place, arguments: list[str], phrase: str
) -> None:
    told = recorded_place.run("waiver", "add", *arguments)
    assert told.returncode == 2, told
    assert phrase in told.stderr
    assert "Traceback" not in told.stderr
    assert recorded_place.data("waiver", "list", "--all") == []


@pytest.mark.parametrize(
    ("option", "name", "meant"), [("--host", "db2", "db1"), ("--runbook", "mornin", "morning")]
)
def test_findings_of_what_is_in_no_round_are_not_said_to_be_none(
    recorded_place: Place, option: str, name: str, meant: str
) -> None:
    told = recorded_place.run("finding", "list", option, name)
    assert (told.returncode, told.stdout) == (2, "")
    assert f"did you mean {meant}?" in told.stderr
    assert recorded_place.run("finding", "list", option, meant, "--mine").returncode == 0


def test_nobody_waives_without_being_known(recorded_place: Place, tmp_path: Path) -> None:
    file = recorded_place.root / "wardround.yml"
    single = file.read_text()
    file.write_text(single.replace("single_user: true\n", ""))
    try:
        told = recorded_place.run("waiver", "add", "db1", "log", "--until", "7d", "--reason", "x")
    finally:
        file.write_text(single)
    assert told.returncode == 2
    assert "log in first" in told.stderr
