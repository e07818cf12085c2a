"""The first day of a site with accounts, on real terminals, as its how-to tells it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pyotp
import pytest

from tests.sshd import known_hosts_of, needs_sshd, running_sshd
from tests.terminal import Screen, needs_setsid, on_a_terminal

pytestmark = [needs_sshd, needs_setsid]
COMMAND = Path(sys.executable).with_name("wardround")
SYSTEMS = "systems:\n  - {seq: 1, slug: his, zh: 医院信息系统, en: HIS, tier: T1, hosts: [db1]}\n"
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
"""
WAIVE = ("waiver", "add", "db1", "log", "--until", "7d", "--reason", "硬盘已订购")


@dataclass
class Person:
    """Somebody with a home of their own on the machine, and a telephone that shows codes."""

    name: str
    site: Path
    home: Path
    password: str = ""
    secret: str = ""
    _used: set[str] = field(default_factory=set)

    def run(self, *arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
        ended = subprocess.run(
            [COMMAND, *arguments],
            env=self._environment(),
            input=typed,
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )
        assert "Traceback" not in ended.stderr
        return ended

    def well(self, *arguments: str, typed: str = "") -> str:
        """What a command says that must succeed."""
        ended = self.run(*arguments, typed=typed)
        assert ended.returncode == 0, ended
        return ended.stdout

    def first_login(self, first_password: str) -> Screen:
        """Hand-over to session: the password is changed, the second factor enrolled."""
        self.password = f"Trolley-Blanket-{len(self.name)}8"
        with on_a_terminal([COMMAND, "login", self.name], self._environment()) as screen:
            screen.answer("口令: ", first_password)
            screen.answer("首次登录直接回车）: ", "")
            screen.answer("新口令: ", "admin123")
            screen.answer("再输一次: ", "admin123")
            screen.answer("新口令: ", self.password)
            screen.answer("再输一次: ", self.password)
            shown = screen.answer("6 位动态码: ", "12345")
            self.secret = re.findall(r"otpauth://totp/\S+\?secret=(\w+)", shown)[0]
            screen.answer("6 位动态码: ", self.code())
            assert screen.wait() == 0, screen.text
        return screen

    def code(self) -> str:
        """One that was not used yet; the next one is accepted as well as the present one."""
        phone, now = pyotp.TOTP(self.secret), datetime.now().astimezone()
        while (code := phone.at(now)) in self._used:
            now += timedelta(seconds=30)
        while now - datetime.now().astimezone() > timedelta(seconds=29):
            time.sleep(1)
        self._used.add(code)
        return code

    def on_terminal(self, *arguments: str) -> tuple[list[str], dict[str, str]]:
        return [str(COMMAND), *arguments], self._environment()

    def _environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "WARDROUND_LANG": "zh",
            "WARDROUND_SITE": str(self.site),
            "XDG_STATE_HOME": str(self.home / self.name),
        }


@dataclass
class Site:
    """A site with one host and something to waive on it."""

    folder: Path

    def person(self, name: str) -> Person:
        return Person(name, self.folder / "site", self.folder / "homes")

    def joins(self, name: str, first_password: str) -> Person:
        person = self.person(name)
        person.first_login(first_password)
        return person


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    root, watched = tmp_path / "site", tmp_path / "watched.log"
    watched.write_text("ERROR disk\n")
    with running_sshd(tmp_path) as servers:
        anybody = made.person("anybody")
        anybody.well("init", str(root))
        way = servers[0].connection()
        host = {
            "ansible_host": way.address,
            "ansible_port": way.port,
            "ansible_user": way.user,
            "ansible_ssh_private_key_file": str(way.key_file),
        }
        (root / "inventory" / "hosts.yml").write_text(json.dumps({"all": {"hosts": {"db1": host}}}))
        (root / "known_hosts").write_text(known_hosts_of(servers))
        (root / "systems.yml").write_text(SYSTEMS)
        (root / "runbooks" / "inspection" / "morning.yml").write_text(RUNBOOK % watched)
        assert anybody.run("round", "run", "morning").returncode == 1
        yield made


def first_passwords(shown: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z]+)\t(\S+)\r?$", shown, re.MULTILINE))


@pytest.mark.timeout(400)
def test_from_setup_to_a_waiver_that_carries_the_supervisors_name(site: Site) -> None:
    command, environment = site.person("anybody").on_terminal("user", "setup")
    with on_a_terminal(command, environment) as screen:
        for who, name, full_name in (
            ("系统管理员", "sun", "孙工"),
            ("安全管理员", "an", "安工"),
            ("审计管理员", "shen", "申工"),
        ):
            screen.answer(f"{who}的账号名: ", name)
            screen.answer(f"{who}的姓名: ", full_name)
        assert screen.wait() == 0, screen.text
    first = first_passwords(screen.text)
    assert sorted(first) == ["an", "shen", "sun"]
    system, security, audit = (site.joins(name, first[name]) for name in ("sun", "an", "shen"))

    first |= first_passwords(system.well("user", "add", "wang", "王主管"))
    first |= first_passwords(system.well("user", "add", "li", "李工"))
    security.well("user", "role", "wang", "--give", "supervisor")
    security.well("user", "role", "li", "--give", "engineer")
    until = f"{datetime.now().astimezone() + timedelta(days=30):%Y-%m-%d}"
    security.well("user", "grant", "wang", "--system", "his", "--permission", "waive", "--until", until)

    engineer = site.joins("li", first["li"])
    refused = engineer.run(*WAIVE)
    assert (refused.returncode, "li 无权批准豁免" in refused.stderr) == (2, True), refused
    nobody = site.person("anybody").run(*WAIVE)
    assert (nobody.returncode, "wardround login" in nobody.stderr) == (2, True), nobody

    supervisor = site.joins("wang", first["wang"])
    assert "wang" in supervisor.well("whoami")
    supervisor.well(*WAIVE)

    supervisor.well("logout")
    assert "没有登录" in supervisor.run("whoami").stderr
    assert supervisor.run("waiver", "expire", "1", "--reason", "已更换").returncode == 2
    supervisor.well(
        "login", "wang", "--password-stdin", typed=f"{supervisor.password}\n{supervisor.code()}\n"
    )
    supervisor.well("waiver", "expire", "1", "--reason", "已更换")

    log = audit.well("audit", "list", "--limit", "1000", "--json")
    told: dict[str, list[tuple[str, str]]] = {
        kind: [] for kind in ("decision_denied", "waiver_approved", "waiver_ended")
    }
    for event in reversed(json.loads(log)):
        if event["kind"] in told:
            told[event["kind"]].append((event["actor"], event["proof"]))
    assert told["waiver_approved"] == told["waiver_ended"] == [("wang", "session")]
    assert told["decision_denied"][0] == ("li", "session")
    assert [proof for _, proof in told["decision_denied"][1:]] == ["os_user", "os_user"]
    secrets = [*first.values(), *(person.password for person in (system, security, engineer, supervisor))]
    assert not [secret for secret in secrets if secret in log]
