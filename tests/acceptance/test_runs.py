"""Runs with the installed command over a real OpenSSH server: from start to end, and what goes wrong."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.run_site import COMMAND, RunSite, spool_option, until
from tests.sshd import Sshd, needs_sshd, running_sshd

pytestmark = [
    pytest.mark.acceptance,
    needs_sshd,
    pytest.mark.skipif(not COMMAND.exists(), reason="needs the installed wardround command"),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    folder = tmp_path_factory.mktemp("sshd")
    with running_sshd(folder, options=[spool_option(folder)]) as (one,):
        yield one


@pytest.fixture
def site(server: Sshd, tmp_path: Path) -> Iterator[RunSite]:
    made = RunSite.make(tmp_path, server)
    yield made
    made.end()


def writes(site: RunSite, word: str = "done") -> dict[str, object]:
    return {"id": word, "shell": f"echo {word} >> {site.effects}/{{{{ inventory_hostname }}}}"}


def held(site: RunSite, gate: str = "gate") -> dict[str, object]:
    """Begins, and ends when a file is there."""
    begun = f"echo begun >> {site.effects}/{{{{ inventory_hostname }}}}"
    return {
        "id": "held",
        "shell": f"{begun}; while [ ! -e {site.effects}/{gate} ]; do sleep 0.1; done; echo through",
    }


def lost(site: RunSite) -> dict[str, object]:
    """Its outcome gets lost: the first attempt kills its supervisor and itself."""
    mark = f"{site.effects}/{{{{ inventory_hostname }}}}"
    return {
        "id": "lost",
        "shell": f"echo x >> {mark}; [ $(wc -l < {mark}) -gt 1 ] || {{ kill -9 $PPID; kill -9 $$; }}",
    }


def test_a_run_is_started_followed_to_its_end_and_shown(site: RunSite) -> None:
    site.write("restart", [writes(site), {"debug": {"msg": "all is well"}}])
    ended = site.run("run", "start", "restart")
    assert (ended.returncode, "run 1" in ended.stderr) == (0, True), ended
    assert "✓ t1  done  ok" in ended.stdout
    assert [site.lines(host) for host in ("t1", "t2")] == [["done"], ["done"]]
    shown = site.data("run", "show", "1")
    assert (shown["state"], shown["hosts"], shown["proof"]) == ("succeeded", 2, "single_user")
    assert {attempt["state"] for attempt in shown["attempts"]} == {"ok"}
    assert [run["number"] for run in site.data("run", "list")] == [1]


def test_a_failed_run_opens_at_its_first_failure_and_says_so_by_its_exit_code(site: RunSite) -> None:
    fails = "echo 'no room on /data' >&2; [ {{ inventory_hostname }} != t2 ]"
    site.write("restart", [{"id": "check-room", "shell": fails}, writes(site)])
    assert site.run("run", "start", "restart").returncode == 1
    shown = site.run("run", "show", "1")
    assert shown.returncode == 1
    failure = shown.stdout.index("✗ t2  check-room")
    assert failure < shown.stdout.index("no room on /data") < shown.stdout.index("task")
    # One host failed: it stays out, and the other goes on.
    assert [site.lines(host) for host in ("t1", "t2")] == [["done"], []]


def test_only_the_hosts_that_failed_are_tried_again(site: RunSite) -> None:
    fails = f"[ {{{{ inventory_hostname }}}} = t1 ] || [ -e {site.effects}/mended ]"
    site.write("restart", [{"id": "fails", "shell": fails}, writes(site)])
    assert site.run("run", "start", "restart").returncode == 1
    (site.effects / "mended").touch()
    again = site.run("run", "retry", "1", "--failed-hosts")
    assert (again.returncode, "run 2" in again.stderr) == (0, True), again
    assert [site.lines(host) for host in ("t1", "t2")] == [["done"], ["done"]]
    assert site.data("run", "show", "2")["retry_of"] == 1
    nothing = site.run("run", "retry", "2", "--failed-hosts")
    assert (nothing.returncode, "failed on no host" in nothing.stderr) == (2, True)


def test_events_are_numbered_without_a_gap_and_following_resumes_at_any_of_them(site: RunSite) -> None:
    site.write("restart", [{"id": "talks", "shell": "for i in 1 2 3; do echo line $i; done"}, writes(site)])
    site.run("run", "start", "restart")
    events = site.events(1)
    assert [event["sequence"] for event in events] == list(range(1, len(events) + 1))
    assert (events[0]["kind"], events[-1]["kind"]) == ("requested", "finished")
    for after in (1, 4, len(events) - 1, len(events)):
        assert site.events(1, after) == events[after:]


@pytest.mark.parametrize("command", ["show", "follow", "cancel", "resume"])
def test_an_unknown_run_id_is_one_clear_sentence(site: RunSite, command: str) -> None:
    ended = site.run("run", command, "999")
    assert (ended.returncode, ended.stderr.splitlines()[0]) == (2, "there is no run 999"), ended


def lives(pid: int) -> bool:
    """A process that has ended shows in /proc until its parent, or init, asks for its status."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def test_a_run_is_cancelled_once_its_command_is_confirmed_dead(site: RunSite) -> None:
    stubborn = f"trap '' TERM; sh -c 'trap \"\" TERM; echo $$ > {site.effects}/child; sleep 600' & wait"
    site.write("restart", [{"id": "stubborn", "shell": stubborn}], hosts="t1")
    starts = site.begin("run", "start", "restart")
    until(lambda: site.lines("child"))
    child = int(site.lines("child")[0])
    ended = site.run("run", "cancel", "1")
    assert (ended.returncode, site.state(1)) == (0, "cancelled"), ended
    assert not lives(child)
    assert starts.wait() == 130, starts.said()
    events = [event["kind"] for event in site.events(1)]
    assert events.index("cancel_requested") < events.index("outcome") < events.index("finished")
    over = site.run("run", "cancel", "1")
    assert (over.returncode, "is over" in over.stderr) == (2, True)


def test_a_round_that_another_command_carries_out_is_cancelled_by_that_command(site: RunSite) -> None:
    slow = f"touch {site.effects}/begun; sleep 600"
    play = {"name": "slow", "kind": "inspection", "hosts": "t1"}
    tasks = [{"name": "slow", "check": {"run": slow, "warn": "> 1"}, "timeout": 600}]
    folder = site.root / "runbooks" / "inspection"
    (folder / "slow.yml").write_text(json.dumps([{**play, "tasks": tasks}]))
    assert site.run("runbook", "accept", "slow", "--reason", "it only sleeps", "--yes").returncode == 0
    starts = site.begin("round", "run", "slow")
    until(lambda: (site.effects / "begun").exists() or not starts.alive)
    ended = site.run("run", "cancel", "1")
    assert (ended.returncode, site.state(1)) == (0, "cancelled"), ended
    assert starts.wait() == 130, starts.said()


def test_a_run_that_nobody_began_is_cancelled_at_once(site: RunSite) -> None:
    site.write("restart", [writes(site)])
    assert site.run("run", "start", "restart", "--detach").returncode == 0
    assert site.run("run", "cancel", "1").returncode == 0
    assert (site.state(1), site.lines("t1")) == ("cancelled", [])


def test_a_killed_command_loses_nothing_and_resume_goes_on(site: RunSite) -> None:
    site.write("restart", [held(site), writes(site)], hosts="t1")
    starts = site.begin("run", "start", "restart")
    until(lambda: site.lines("t1"))
    starts.kill()
    (site.effects / "gate").touch()
    ended = site.run("run", "resume", "1")
    assert (ended.returncode, site.lines("t1")) == (0, ["begun", "done"]), ended


def test_ctrl_c_ends_the_following_and_not_the_run(site: RunSite) -> None:
    site.write("restart", [held(site), writes(site)], hosts="t1")
    starts = site.begin("run", "start", "restart")
    until(lambda: site.lines("t1"))
    starts.send(signal.SIGINT)
    assert (starts.wait(), "run 1 is not cancelled" in starts.said()) == (130, True), starts.said()
    assert "Traceback" not in starts.said()
    assert site.state(1) == "running"
    follows = site.begin("run", "follow", "1")
    until(lambda: "no worker is alive" in follows.said())
    (site.effects / "gate").touch()
    assert site.run("run", "resume", "1").returncode == 0
    assert site.lines("t1") == ["begun", "done"]
    assert follows.wait() == 0


def test_an_outcome_that_nobody_knows_waits_for_a_ruling(site: RunSite) -> None:
    site.write("restart", [lost(site), writes(site, "after")], hosts="t1")
    ended = site.run("run", "start", "restart")
    assert ended.returncode == 3, ended
    assert (site.state(1), site.lines("t1")) == ("waiting", ["x"])
    shown = site.run("run", "show", "1")
    assert "wardround run rule 1 t1 lost" in shown.stdout
    no_reason = site.run("run", "rule", "1", "t1", "lost", "--decision", "done", "--reason", " ")
    assert no_reason.returncode == 2
    ruled = site.run("run", "rule", "1", "t1", "lost", "--decision", "done", "--reason", "seen on the host")
    assert ruled.returncode == 0, ruled
    resumed = site.run("run", "resume", "1")
    assert (resumed.returncode, site.lines("t1")) == (0, ["x", "after"]), resumed
    # It was ruled to be done: it has not failed.
    nothing = site.run("run", "retry", "1", "--failed-hosts")
    assert (nothing.returncode, "failed on no host" in nothing.stderr) == (2, True), nothing


def test_a_ruling_to_retry_does_it_again_and_to_abort_leaves_it_unknown(site: RunSite) -> None:
    site.write("restart", [lost(site), writes(site, "after")])
    assert site.run("run", "start", "restart").returncode == 3
    for host, decision in (("t1", "retry"), ("t2", "abort")):
        ruled = site.run("run", "rule", "1", host, "lost", "--decision", decision, "--reason", "looked")
        assert ruled.returncode == 0, ruled
    assert site.run("run", "resume", "1").returncode == 3
    assert (site.state(1), site.lines("t1"), site.lines("t2")) == ("unknown", ["x", "x", "after"], ["x"])
    late = site.run("run", "rule", "1", "t2", "lost", "--decision", "done", "--reason", "looked again")
    assert (late.returncode, "another person rules next" in late.stderr) == (2, True), late
    # To try it again would perhaps do it twice: that is not done by a word about hosts that failed.
    again = site.run("run", "retry", "1", "--failed-hosts")
    assert (again.returncode, "nobody knows" in again.stderr, "t2" in again.stderr) == (2, True, True), again
    assert site.lines("t2") == ["x"]


def test_a_runbook_that_is_edited_while_its_run_waits_changes_nothing_of_it(site: RunSite) -> None:
    site.write("restart", [lost(site), writes(site, "as-planned")], hosts="t1")
    assert site.run("run", "start", "restart").returncode == 3
    site.write("restart", [writes(site, "edited")], hosts="t1")
    site.run("run", "rule", "1", "t1", "lost", "--decision", "done", "--reason", "seen")
    assert site.run("run", "resume", "1").returncode == 0
    assert site.lines("t1") == ["x", "as-planned"]


def test_a_host_that_is_no_test_host_is_refused_and_nothing_is_reached(site: RunSite) -> None:
    inventory = json.loads((site.root / "inventory" / "hosts.yml").read_text())
    hosts = inventory["all"]["hosts"]
    hosts["t2"]["environment"] = "production"
    site.write_inventory(hosts)
    site.write("restart", [writes(site)])
    ended = site.run("run", "start", "restart")
    assert (ended.returncode, site.state(1), "t2" in ended.stdout) == (2, "refused", True), ended
    assert site.lines("t1") == []


def test_a_second_worker_of_the_same_name_is_refused_and_one_carries_out_what_is_asked_for(
    site: RunSite,
) -> None:
    worker = site.worker("ward")
    second = site.run("worker", "--name", "ward")
    assert (second.returncode, "a worker named ward runs already" in second.stderr) == (2, True), second
    site.write("restart", [writes(site)])
    assert site.run("run", "start", "restart").returncode == 0
    assert site.data("run", "show", "1")["executor"] == "ward#1"
    worker.send(signal.SIGTERM)
    assert worker.wait() == 0, worker.said()


def test_a_pause_outlives_the_worker(site: RunSite) -> None:
    site.write("restart", [{"id": "rest", "pause": {"seconds": 6}}, writes(site)], hosts="t1")
    first = site.worker()
    site.run("run", "start", "restart", "--detach")
    until(lambda: site.state(1) == "waiting")
    first.kill()
    site.worker("other")
    assert site.events(1)[-1]["kind"] == "finished"
    assert (site.state(1), site.lines("t1")) == ("succeeded", ["done"])


def test_a_state_folder_that_cannot_be_written_is_one_clear_sentence(site: RunSite) -> None:
    site.write("restart", [{"id": "talks", "shell": "echo hello"}], hosts="t1")
    # A file where a folder has to be: as a full or read-only disk, also for root.
    (site.root / "var").mkdir()
    (site.root / "var" / "runs").write_text("")
    ended = site.run("run", "start", "restart")
    assert ended.returncode == 4, ended
    assert str(site.root / "var") in ended.stderr
    (site.root / "var" / "runs").unlink()
    assert site.run("run", "resume", "1").returncode == 0
    (kept,) = (site.root / "var" / "runs" / "1" / "t1").glob("talks-*.out")
    assert kept.read_text() == "hello\n"
