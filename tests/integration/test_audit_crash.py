"""The log of events and its head, when a process is killed, two write at once, or the disk is at its end."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from orchestrator.errors import StoreError
from orchestrator.records import database as records
from orchestrator.records.audit_place import audit_folder
from orchestrator.records.chain_walk import verify_log
from orchestrator.records.event_lines import FILE as LINES
from orchestrator.records.events import append_events
from orchestrator.records.models import Event
from orchestrator.records.models.event import EventKind
from tests.rounds import START, WANG

PATIENCE = 300
"""Seconds for a process of its own, on a busy machine."""
PROLOGUE = """
import os, signal, sys
from pathlib import Path, PosixPath
from orchestrator.errors import StoreError
from orchestrator.model.server import Server
from orchestrator.records import audit_place, database

database.configure({place!r})
audit_place.keep_head_in({folder!r})
from orchestrator.records import chain_tail, event_lines, events
from orchestrator.records.models.event import EventKind
from tests.rounds import START, WANG

def add(subject, times=1):
    events.append_events(START, WANG, [(EventKind.PERMIT_REDEEMED, subject, {{}})] * times)

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def log(database: Path) -> None:
    add("before")


def add(subject: str) -> None:
    append_events(START, WANG, [(EventKind.PERMIT_REDEEMED, subject, {})])


def subjects() -> list[str]:
    return list(Event.objects.order_by("sequence").values_list("subject", flat=True))


def start(program: str) -> subprocess.Popen[str]:
    """In a process of its own, on this test's database and head."""
    prologue = PROLOGUE.format(place=records.place(), folder=audit_folder())
    return subprocess.Popen(
        [sys.executable, "-c", prologue + program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


TEAR = """
def tear(folder, rows):
    with (folder / event_lines.FILE).open("a") as file:
        file.write(f"2 {next(iter(rows)).hash}\\n3 sm")
    die()

chain_tail.append_lines = tear
"""
KILLS = {
    "before the head is announced": ("chain_tail.write_head = die", 0),
    "between announcing and committing": (
        "announce = events.announce\nevents.announce = lambda *pair: (announce(*pair), die())",
        0,
    ),
    "between committing and confirming": ("chain_tail.settle = die", 3),
    "in the middle of the lines": (TEAR, 3),
    "between the lines and the head": (
        "append = chain_tail.append_lines\nchain_tail.append_lines = lambda *pair: (append(*pair), die())",
        3,
    ),
}


@pytest.mark.usefixtures("log")
@pytest.mark.parametrize("moment", KILLS)
def test_a_process_that_is_killed_leaves_an_intact_log_that_goes_on(moment: str) -> None:
    hook, kept = KILLS[moment]
    process = start(f"{hook}\nadd('killed', 3)")
    _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == -signal.SIGKILL, said
    assert verify_log().broken is None
    add("after")
    assert subjects() == ["before", *["killed"] * kept, "after"]
    assert verify_log().broken is None
    assert len((audit_folder() / LINES).read_text().splitlines()) == kept + 2


@pytest.mark.usefixtures("log")
def test_processes_that_add_at_once_make_one_chain_without_gaps() -> None:
    program = "print('ready', flush=True)\nsys.stdin.readline()\nfor n in range(15): add('{name}', 1 + n % 3)"
    both = [start(program.format(name=name)) for name in ("one", "two")]
    for process in both:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in both:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    ended = [(process.communicate(timeout=PATIENCE)[1], process.returncode) for process in both]
    assert ended == [("", 0), ("", 0)]
    assert list(Event.objects.values_list("sequence", flat=True)) == list(range(1, 62))
    assert subjects().count("one") == subjects().count("two") == 30
    assert verify_log().broken is None


DISK = """
from orchestrator.records.models import Event, Round
from orchestrator.records.chain_walk import verify_log
from orchestrator.records.rounds import open_round
from tests.rounds import plan

def refused(what):
    try:
        what()
    except StoreError as error:
        print(error.say(Language.ZH)); print(error.say(Language.EN))
        return True

from orchestrator.language import Language
folder = audit_place.audit_folder()
add('before')
"""


def on_a_disk(program: str, mount: str) -> str:
    """Run it with its head on a small disk of its own, seen by that process alone; returns what it says."""
    if shutil.which("unshare") is None or os.geteuid() != 0:
        pytest.skip("mounting a file system of our own takes root and unshare (package util-linux)")
    folder = Path(tempfile.mkdtemp(prefix="wardround-audit-"))
    try:
        asked = PROLOGUE.format(place=records.place(), folder=folder) + DISK + program
        command = ["unshare", "-m", "sh", "-ec", f'{mount}; shift; exec "$@"', "sh", str(folder)]
        ended = subprocess.run(
            [*command, sys.executable, "-c", asked],
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert ended.stderr == ""
        assert str(folder) in ended.stdout
        return ended.stdout
    finally:
        shutil.rmtree(folder)


@pytest.mark.usefixtures("database")
def test_on_a_full_disk_what_needs_a_record_does_not_happen_and_nothing_is_torn() -> None:
    said = on_a_disk(
        """
with (folder / "ballast").open("wb", buffering=0) as file:
    try:
        while True:
            file.write(bytes(1024))
    except OSError:
        pass
print(refused(lambda: open_round(plan("db1"), WANG, START, "0.1.0")))
print(Round.objects.count(), Event.objects.count(), verify_log().broken)
(folder / "ballast").unlink()
open_round(plan("db1"), WANG, START, "0.1.0")
print(Round.objects.count(), Event.objects.count(), verify_log().broken)
""",
        'mount -t tmpfs -o size=64k none "$1"',
    )
    assert "磁盘已满" in said
    assert "the disk is full" in said
    assert said.endswith("True\n0 1 None\n1 2 None\n")


@pytest.mark.usefixtures("database")
def test_on_a_read_only_disk_what_needs_a_record_does_not_happen() -> None:
    said = on_a_disk(
        """
import subprocess
subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
print(refused(lambda: open_round(plan("db1"), WANG, START, "0.1.0")))
print(Round.objects.count(), Event.objects.count(), verify_log().broken)
""",
        'mount -t tmpfs -o size=64k none "$1"',
    )
    assert "只读" in said
    assert "read-only" in said
    assert said.endswith("True\n0 1 None\n")


def test_a_head_that_can_not_be_kept_anywhere_is_one_clear_error(sqlite_database: Path) -> None:
    (sqlite_database / "audit").write_text("a file, not a folder")
    with pytest.raises(StoreError, match="audit"):
        add("nowhere")
    assert not Event.objects.exists()
