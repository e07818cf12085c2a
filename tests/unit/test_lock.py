"""Two rounds of one name never run at once."""

from __future__ import annotations

import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from orchestrator.errors import Busy, StoreError
from orchestrator.language import Language
from orchestrator.records.lock import lock_if_free, round_lock
from tests.rounds import START

HOLD = """
import sys
from pathlib import Path
from orchestrator.records.lock import round_lock
from tests.rounds import START
with round_lock(Path(sys.argv[1]), "morning", "王工", START):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_round_of_the_name_learns_who_runs_the_first(tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(Busy) as refused, round_lock(tmp_path, "morning", "李工", START):
            pass
        said = refused.value.say(Language.ZH)
        assert "王工" in said
        assert "2026-11-24 07:30:00" in said
        assert str(holder.pid) in said
        holder.send_signal(signal.SIGKILL)
    with round_lock(tmp_path, "morning", "李工", START):
        pass  # the killed one holds nothing any more


def test_two_rounds_within_one_process_are_kept_apart_too(tmp_path: Path) -> None:
    with round_lock(tmp_path, "morning", "王工", START), ExitStack() as second:
        with pytest.raises(Busy):
            second.enter_context(round_lock(tmp_path, "morning", "王工", START))
        with lock_if_free(tmp_path, "morning") as free:
            assert not free


@pytest.mark.parametrize("other", ["evening", "inspection/morning", "早巡检"])
def test_rounds_of_other_names_do_not_wait(tmp_path: Path, other: str) -> None:
    with round_lock(tmp_path, "morning", "王工", START), round_lock(tmp_path, other, "王工", START):
        pass


def test_a_name_is_free_again_after_a_failure(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), round_lock(tmp_path, "morning", "王工", START):
        raise RuntimeError("the round failed")
    with lock_if_free(tmp_path, "morning") as free:
        assert free


def test_a_holder_that_has_not_signed_yet_is_still_a_holder(tmp_path: Path) -> None:
    with (
        lock_if_free(tmp_path, "morning"),
        pytest.raises(Busy, match=r"running already$"),
        round_lock(tmp_path, "morning", "王工", START),
    ):
        pass


def test_a_lock_folder_that_can_not_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "locks").write_text("a file, not a folder")
    with pytest.raises(StoreError, match="locks"), round_lock(tmp_path, "morning", "王工", START):
        pass
