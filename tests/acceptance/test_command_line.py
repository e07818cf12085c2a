"""The installed command, as a person and a script use it: words, exit codes, streams and signals."""

from __future__ import annotations

import json
import os
import pty
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

COMMAND = Path(sys.executable).with_name("wardround")
DEADLINE = 60.0
ESCAPE = "\x1b["

pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.xdist_group("command-line"),
    pytest.mark.skipif(not COMMAND.exists(), reason="needs the installed wardround command"),
]

INVENTORY = """\
all:
  hosts:
    alpha: {ansible_connection: local}
    beta: {ansible_connection: local}
    gone: {ansible_connection: ssh, ansible_host: 127.0.0.1, ansible_port: 1}
"""
# Limits that hold, and do not hold, on every machine that is up.
INSPECTION = """\
- name: {title}
  kind: inspection
  hosts: {hosts}
  tasks:
    - name: 运行时长
      id: uptime
      check: {{uptime: {{}}, warn: "{warn}"}}
"""
SLOW = """
- name: 慢
  kind: inspection
  hosts: beta
  tasks:
    - name: 很慢的命令
      id: slow
      timeout: 60
      check: {{run: "echo $$ > {started} && exec sleep 50"}}
"""


@dataclass(frozen=True)
class Said:
    """What one command line came to."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Site:
    """A site folder, made as a user makes one, and the command in it."""

    root: Path

    def run(self, *arguments: str, given: str = "", **variables: str) -> Said:
        return command(*arguments, given=given, WARDROUND_SITE=str(self.root), **variables)

    def begin(self, *arguments: str, stderr: int = subprocess.PIPE) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [COMMAND, *arguments],
            env=environment(WARDROUND_SITE=str(self.root)),
            stdout=subprocess.PIPE,
            stderr=stderr,
            stdin=subprocess.DEVNULL,
            text=True,
        )

    def write(self, name: str, content: str) -> None:
        (self.root / "runbooks" / "inspection" / f"{name}.yml").write_text(content, encoding="utf-8")

    @property
    def started(self) -> Path:
        """Where the slow command writes its process id."""
        return self.root / "started"


def environment(**variables: str) -> dict[str, str]:
    """Nothing of the shell that the tests were started from changes what the command says."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    return {**kept, "LANG": "C.UTF-8", "TERM": "xterm", **variables}


def command(*arguments: str, given: str = "", **variables: str) -> Said:
    done = subprocess.run(
        [COMMAND, *arguments],
        env=environment(**variables),
        input=given,
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    assert "Traceback" not in done.stderr + done.stdout
    return Said(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    site = Site(tmp_path_factory.mktemp("command-line") / "hospital")
    made = command("init", str(site.root))
    assert (made.code, made.out) == (0, "")
    (site.root / "inventory" / "hosts.yml").write_text(INVENTORY, encoding="utf-8")
    # One host after the other, so that a slow one is asked when the one before it is done.
    settings = site.root / "wardround.yml"
    settings.write_text(
        settings.read_text(encoding="utf-8").replace("concurrency: 50", "concurrency: 1")
        + "\nsingle_user: true\n",
        "utf-8",
    )
    site.write("well", INSPECTION.format(title="都好", hosts="alpha:beta", warn="< 0"))
    site.write("findings", INSPECTION.format(title="有发现", hosts="alpha:gone", warn=">= 0"))
    return site


@pytest.fixture(scope="module")
def found(site: Site) -> Said:
    """A round with a finding, narrowed to the host that can be reached."""
    return site.run("round", "run", "findings", "-l", "!gone", "--json")


@pytest.fixture(scope="module")
def slow_site(site: Site) -> Site:
    """The site with a round that is soon done with alpha, and waits long for beta."""
    site.write(
        "slow",
        INSPECTION.format(title="先快", hosts="alpha", warn="< 0") + SLOW.format(started=site.started),
    )
    accepted = site.run("runbook", "accept", "slow", "--reason", "只是等待", "--yes")
    assert accepted.code == 0
    return site


@pytest.fixture
def slow(slow_site: Site) -> Iterator[Site]:
    slow_site.started.unlink(missing_ok=True)
    yield slow_site
    with suppress(ProcessLookupError, FileNotFoundError, ValueError):
        os.kill(int(slow_site.started.read_text()), signal.SIGKILL)


def wait_until_slow(site: Site, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + DEADLINE
    while not (site.started.exists() and site.started.read_text().strip()):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, "the slow command did not start"
        time.sleep(0.02)


def test_a_new_site_lints_and_its_own_runbooks_are_listed(site: Site) -> None:
    linted = site.run("lint")
    assert (linted.code, linted.out) == (0, "")
    assert "没有错误" in linted.err

    listed = {row["name"] for row in site.run("runbook", "list", "--json").data}
    assert {"morning", "reachable", "well"} <= listed


def test_init_leaves_a_folder_that_holds_something_as_it_was(site: Site) -> None:
    before = sorted(path.name for path in site.root.iterdir())
    refused = command("init", str(site.root))
    assert refused.code == 2
    assert "不为空" in refused.err
    assert sorted(path.name for path in site.root.iterdir()) == before


def test_a_round_where_all_is_well_exits_0_and_stays_out_of_the_pipe(site: Site) -> None:
    ran = site.run("round", "run", "well")
    assert ran.code == 0
    assert "应检 2 项，全部完成" in ran.out
    assert ran.err == ""
    assert ESCAPE not in ran.out


def test_a_round_with_findings_exits_1_and_so_does_showing_it_again(site: Site, found: Said) -> None:
    assert (found.code, found.err) == (1, "")
    assert found.data["counts"]["warn"] == 1
    assert [host["name"] for host in found.data["hosts"]] == ["alpha"]

    shown = site.run("round", "show", str(found.data["round"]["number"]))
    assert shown.code == 1
    assert "有发现" in shown.out


def test_a_terminal_that_lacks_our_marks_still_gets_the_result(site: Site, found: Said) -> None:
    number = found.data["round"]["number"]
    shown = site.run("round", "show", str(number), PYTHONIOENCODING="ascii")
    assert shown.code == found.code
    assert f"#{number} " in shown.out


def test_a_terminal_sees_the_round_move_on_while_the_data_stay_clean(site: Site) -> None:
    master, slave = pty.openpty()
    process = site.begin("round", "run", "findings", "--json", stderr=slave)
    os.close(slave)
    seen = b""
    with suppress(OSError):  # how a terminal says that its last writer is gone
        while block := os.read(master, 4096):
            seen += block
    os.close(master)
    out, _ = process.communicate(timeout=DEADLINE)
    assert "主机 2/2" in seen.decode()
    assert "✗ gone" in seen.decode()
    # A host that could not be asked outranks a finding.
    assert process.returncode == 3
    counts = json.loads(out)["counts"]
    assert (counts["warn"], counts["unknown"]) == (1, 1)


def test_a_report_goes_to_a_file_whose_place_is_printed_or_to_standard_output(
    site: Site, found: Said, tmp_path: Path
) -> None:
    number = str(found.data["round"]["number"])

    written = site.run("report", number)
    assert written.code == 0
    assert Path(written.out.strip()).read_text(encoding="utf-8").lower().startswith("<!doctype html>")

    named = tmp_path / "round.json"
    assert site.run("report", number, "--format", "json", "--output", str(named)).code == 0
    piped = site.run("report", number, "--format", "json", "--output", "-")
    assert piped.data["round"] == json.loads(named.read_text(encoding="utf-8"))["round"]


def test_a_free_command_runs_only_after_somebody_accepted_it(site: Site) -> None:
    site.write(
        "free",
        INSPECTION.format(title="自由命令", hosts="alpha", warn="< 0")
        + '    - {name: 核数, id: cores, check: {run: "nproc"}}\n',
    )
    refused = site.run("round", "run", "free")
    assert refused.code == 2
    assert refused.out == ""
    assert "free.yml:8:" in refused.err

    accept = ("runbook", "accept", "free", "--reason", "只读")
    refused = site.run("runbook", "accept", "free", "--reason", " ", "--yes")
    assert (refused.code, "必须写明理由" in refused.err) == (2, True), refused
    declined = site.run(*accept, given="n\n")
    assert declined.code == 1
    assert "nproc" in declined.err

    assert site.run(*accept, given="y\n").code == 0
    (told,) = site.run("audit", "list", "--kind", "free_item_accepted", "--json", "--limit", "1").data
    assert (told["proof"], "nproc" in told["data"]["what"]) == ("single_user", True)
    assert f"{told['actor']}（单用户演示模式" in (site.root / "accepted.yml").read_text(encoding="utf-8")
    assert site.run("round", "run", "free").code == 0


def test_hosts_are_listed_and_pinged_and_one_that_is_gone_is_named(site: Site) -> None:
    listed = site.run("hosts", "list", "--json")
    assert [(row["name"], row["transport"]) for row in listed.data] == [
        ("alpha", "local"),
        ("beta", "local"),
        ("gone", "ssh"),
    ]
    pinged = site.run("hosts", "ping")
    assert pinged.code == 3
    lines = {line.split("\t")[0] for line in pinged.out.splitlines()}
    assert lines == {"✓ alpha", "✓ beta", "? gone"}


def test_the_schema_of_runbooks_is_printed_for_editors() -> None:
    printed = command("schema", "runbook")
    assert printed.code == 0
    assert printed.data["$schema"].startswith("https://json-schema.org/")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_completion_script_is_one_that_its_shell_can_read(shell: str) -> None:
    printed = command("completion", shell)
    assert printed.code == 0
    assert "_WARDROUND_COMPLETE" in printed.out
    program = shutil.which(shell)
    if program is not None:
        subprocess.run([program, "-n"], input=printed.out, text=True, check=True, capture_output=True)


def test_a_shell_that_asks_is_told_how_a_word_goes_on() -> None:
    asked = command(_WARDROUND_COMPLETE="bash_complete", COMP_WORDS="wardround round l", COMP_CWORD="2")
    assert asked.out.split() == ["plain,list"]


@pytest.mark.parametrize(
    ("arguments", "near"),
    [
        (["fnding", "list"], "finding"),
        (["round", "rnu", "well"], "run"),
        (["round", "run", "well", "--jsno"], "--json"),
    ],
)
def test_a_misspelt_command_or_option_is_answered_with_the_near_one(arguments: list[str], near: str) -> None:
    refused = command(*arguments)
    assert (refused.code, refused.out) == (2, "")
    assert f"是否指 '{near}'？" in refused.err


def test_a_misspelt_runbook_or_host_is_answered_with_the_near_one(site: Site) -> None:
    for arguments, near in (
        (["round", "run", "findngs"], "findings"),
        (["hosts", "list", "alhpa"], "alpha"),
    ):
        refused = site.run(*arguments)
        assert (refused.code, refused.out) == (2, "")
        assert f"是否指 {near}？" in refused.err


def test_outside_of_any_site_the_way_to_one_is_told(tmp_path: Path) -> None:
    refused = command("round", "list", "--site", str(tmp_path))
    assert (refused.code, refused.out) == (2, "")
    assert "wardround init" in refused.err


def test_the_language_is_chosen_by_an_option_or_by_a_variable() -> None:
    assert "巡检" in command("--help").out
    assert "Exit codes" in command("--lang", "en", "--help").out
    assert "No such command" in command("roudn", WARDROUND_LANG="en").err
    assert "没有" in command("--lang", "zh", "roudn", WARDROUND_LANG="en").err


def test_colours_are_forced_into_a_pipe_and_refused_on_request(site: Site, found: Said) -> None:
    show = ("round", "show", str(found.data["round"]["number"]))
    assert ESCAPE in site.run(*show, FORCE_COLOR="1").out
    assert ESCAPE not in site.run(*show, FORCE_COLOR="1", NO_COLOR="1").out


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_round_that_is_stopped_ends_as_cancelled_with_what_it_has(
    slow: Site, number: signal.Signals
) -> None:
    process = slow.begin("round", "run", "slow")
    wait_until_slow(slow, process)
    process.send_signal(number)
    out, err = process.communicate(timeout=DEADLINE)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert "已取消" in out + err

    shown = slow.run("round", "show", "--json")
    assert shown.code == 130
    assert shown.data["round"]["state"] == "cancelled"
    assert (shown.data["counts"]["ok"], shown.data["counts"]["not_run"]) == (1, 1)


def test_a_second_round_of_a_name_is_told_who_runs_the_first_and_a_killed_round_shows_as_interrupted(
    slow: Site,
) -> None:
    process = slow.begin("round", "run", "slow")
    wait_until_slow(slow, process)
    second = slow.run("round", "run", "slow")
    assert (second.code, second.out) == (2, "")
    assert f"进程号 {process.pid}" in second.err

    process.kill()
    process.communicate(timeout=DEADLINE)
    listed = slow.run("round", "list", "slow", "--last", "1", "--json")
    assert [row["state"] for row in listed.data] == ["interrupted"]
