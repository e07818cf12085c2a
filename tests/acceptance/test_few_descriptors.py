"""A round of the installed command on a controller that may open few files, over a real OpenSSH server."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.sshd import Sshd, known_hosts_of, needs_sshd, running_sshd

pytestmark = [needs_sshd, pytest.mark.xdist_group("hard-conditions")]
COMMAND = Path(sys.executable).with_name("wardround")
PRLIMIT = shutil.which("prlimit") or ""
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
    - name: 端口
      id: port
      check:
        tcp_probe: {port: %d, address: 127.0.0.1}
        crit: "== closed"
"""


def site_of(folder: Path, server: Sshd, hosts: int) -> Path:
    """A site with so many hosts behind one server, and three that are this machine itself."""
    root = folder / "site"
    subprocess.run([COMMAND, "init", str(root)], check=True, capture_output=True)
    way = server.connection()
    ssh = {
        "ansible_host": way.address,
        "ansible_port": way.port,
        "ansible_user": way.user,
        "ansible_ssh_private_key_file": str(way.key_file),
    }
    members: dict[str, Any] = {f"db{number}": ssh for number in range(hosts)}
    members |= {f"here{number}": {"ansible_connection": "local"} for number in range(3)}
    (root / "inventory" / "hosts.yml").write_text(json.dumps({"all": {"hosts": members}}))
    (root / "known_hosts").write_text(known_hosts_of([server]))
    (root / "runbooks" / "inspection" / "morning.yml").write_text(RUNBOOK % server.port)
    file = root / "wardround.yml"
    # A busy machine must not fail a login.
    file.write_text(file.read_text().replace("connect_timeout: 10 ", "connect_timeout: 120 "))
    return root


def run_with(limit: int, root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "WARDROUND_LANG": "en", "WARDROUND_SITE": str(root)}
    words: list[str | Path] = [
        PRLIMIT,
        f"--nofile={limit}:{limit}",
        COMMAND,
        "round",
        "run",
        "morning",
        *arguments,
    ]
    return subprocess.run(words, env=environment, capture_output=True, text=True, timeout=300, check=False)


@pytest.mark.skipif(not PRLIMIT, reason="prlimit (util-linux) is missing")
def test_a_controller_with_64_descriptors_ends_its_round_with_true_verdicts_and_a_report(
    tmp_path: Path,
) -> None:
    report = tmp_path / "report.html"
    with running_sshd(tmp_path) as (server,):
        root = site_of(tmp_path, server, 60)
        ended = run_with(64, root, "--json", "--report", str(report))
    assert ended.returncode == 0, ended.stderr
    said = json.loads(ended.stdout)
    assert {host["verdict"] for host in said["hosts"]} == {"ok"}
    assert (len(said["hosts"]), said["counts"]["ok"], said["coverage"]["due"]) == (63, 126, 126)
    assert "db59" in report.read_text(encoding="utf-8")
