"""The log of events with the installed command: verified, listed, broken in plain ways, taken up again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

COMMAND = Path(sys.executable).with_name("wardround")
RUNBOOK = """\
- name: 早巡检
  kind: inspection
  hosts: all
  tasks:
    - name: 可用内存
      id: memory
      check:
        memory_available: {}
        warn: "< 1"
        crit: "< 0"
"""


class Place:
    """A site in single-user mode, whose one host is this machine."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.head = root / "var" / "audit" / "head.json"
        assert self.run("init", str(root))[0] == 0
        (root / "inventory" / "hosts.yml").write_text("all: {hosts: {here: {ansible_connection: local}}}\n")
        (root / "runbooks" / "inspection" / "morning.yml").write_text(RUNBOOK)
        with (root / "wardround.yml").open("a") as file:
            file.write("single_user: true\n")

    def run(self, *arguments: str, language: str = "en") -> tuple[int, str, str]:
        environment = {**os.environ, "WARDROUND_LANG": language, "WARDROUND_SITE": str(self.root)}
        ended = subprocess.run(
            [COMMAND, *arguments], env=environment, capture_output=True, text=True, timeout=300, check=False
        )
        assert "Traceback" not in ended.stderr
        return ended.returncode, ended.stdout, ended.stderr


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path / "site")
    assert made.run("round", "run", "morning")[0] == 0
    return made


def test_the_log_is_verified_anchored_listed_and_sealed(place: Place) -> None:
    code, anchor, _ = place.run("audit", "head")
    assert code == 0
    assert place.run("audit", "verify", "--anchor", anchor.strip())[0] == 0
    forged = place.run("audit", "verify", "--anchor", f"2@sm3:{'0' * 64}")
    assert (forged[0], "event 2 altered" in forged[1]) == (1, True)
    verified = json.loads(place.run("audit", "verify", "--json")[1])
    assert (verified["intact"], verified["tail"]) == (True, anchor.strip())
    listed = place.run("audit", "list", "--kind", "round_finished", language="zh")
    assert "巡检结束" in listed[1]
    (event,) = json.loads(place.run("audit", "list", "--kind", "round_finished", "--json")[1])
    assert (event["kind"], event["label"], event["proof"]) == (
        "round_finished",
        "a round ended",
        "single_user",
    )
    assert place.run("audit", "seal")[0] == 0
    intact = place.run("audit", "restart", "--reason", "none")
    assert (intact[0], "intact" in intact[2]) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("verify", "--anchor", "12"), "12 is no anchor"),
        (("verify", "--anchor", "0@sm3:00"), "0@sm3:00 is no anchor"),
        (("list", "--kind", "round_finish"), "there is no kind of event round_finish"),
        (("list", "--since", "yesterday"), "yesterday"),
        (("restart",), "--reason"),
    ],
)
def test_bad_input_is_one_clear_error(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    code, out, err = Place(tmp_path / "site").run("audit", *arguments)
    assert (code, out) == (2, "")
    assert said in err


def lose(head: Path) -> None:
    head.unlink()


def tamper(head: Path) -> None:
    head.write_text(head.read_text().replace("sm3:", "sm3:0", 1))


@pytest.mark.parametrize(("spoil", "said"), [(lose, "missing"), (tamper, "signature does not hold")])
def test_a_bad_head_is_told_stops_what_needs_a_record_and_hides_nothing(
    place: Place, spoil: Callable[[Path], None], said: str
) -> None:
    spoil(place.head)
    code, out, _ = place.run("audit", "verify")
    assert (code, said in out) == (1, True), out
    code, out, err = place.run("round", "run", "morning")
    assert (code, said in err) == (4, True), (out, err)
    assert "wardround audit restart" in err
    for looking in (
        ("round", "list"),
        ("round", "calendar"),
        ("round", "show"),
        ("report",),
        ("audit", "list"),
    ):
        assert place.run(*looking)[0] == 0, looking
    assert place.run("audit", "restart", "--reason", "the disk was lost")[0] == 0
    assert place.run("round", "run", "morning")[0] == 0
    code, out, _ = place.run("audit", "verify")
    assert (code, "acknowledged" in out) == (0, True)
    (restarted,) = json.loads(place.run("audit", "list", "--kind", "chain_restarted", "--json")[1])
    at = datetime.fromisoformat(restarted["at"])
    assert at.utcoffset() == timedelta(hours=8)
    assert f"({at:%Y-%m-%d %H:%M}, " in out
