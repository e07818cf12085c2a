"""Workers of several users on a machine whose /proc shows each only its own processes (hidepid=)."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

HIDDEN = """
import os, subprocess
from pathlib import Path
from orchestrator.model.lease import Life
from orchestrator.records.process import surely_gone, this_life

subprocess.run(["mount", "-t", "proc", "-o", "hidepid=2", "proc", "/proc"], check=True)
other = subprocess.Popen(["cat"], stdin=subprocess.PIPE)
started = Path(f"/proc/{other.pid}/stat").read_text().rpartition(")")[2].split()[19]
mark = this_life().mark.rpartition(" ")[0]
dead = subprocess.Popen(["true"])
dead.wait()
os.setgroups([])
os.setresgid(65534, 65534, 65534)
os.setresuid(65534, 65534, 65534)
assert not Path(f"/proc/{other.pid}").exists()
print([surely_gone(Life("here", pid, f"{mark} {started}")) for pid in (other.pid, dead.pid)])
"""


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("unshare") is None, reason="needs root and unshare")
def test_a_process_that_proc_hides_from_us_is_not_taken_for_dead() -> None:
    said = subprocess.run(
        ["unshare", "-m", sys.executable, "-c", HIDDEN], capture_output=True, text=True, timeout=60
    )
    if "mount" in said.stderr:
        pytest.skip("mounting /proc in a namespace is not allowed here")
    assert (said.stdout.strip(), said.stderr) == ("[False, True]", "")
