"""The demo hospital: real hosts that can be looked at, faults that are there, and nothing left behind."""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncssh
import psycopg
import pytest
from cryptography import x509

from orchestrator.demo import stage
from orchestrator.demo.database import inspector_password
from orchestrator.demo.isolation import Isolation, best_isolation
from orchestrator.demo.keys import host_key, login_key, public
from orchestrator.demo.place import Place
from orchestrator.demo.process import Process, recorded
from orchestrator.demo.programs import find_program, postgres_programs
from orchestrator.demo.stage import Demo
from orchestrator.demo.tree import VOLUME_MIB
from orchestrator.errors import InputError
from orchestrator.language import Text

pytestmark = pytest.mark.xdist_group("demo-hospital")

needs_openssh = pytest.mark.skipif(find_program("sshd") is None, reason="needs OpenSSH's sshd")
needs_nginx = pytest.mark.skipif(find_program("nginx") is None, reason="needs nginx")
needs_postgres = pytest.mark.skipif(postgres_programs() is None, reason="needs PostgreSQL")
needs_namespaces = pytest.mark.skipif(
    best_isolation() is Isolation.SHARED, reason="needs namespaces: root or user namespaces"
)


def _silent(text: Text) -> None:
    """What the demo says is not looked at here."""


class Heard:
    """Keeps what the demo says."""

    def __init__(self) -> None:
        self.english = ""

    def __call__(self, text: Text) -> None:
        self.english += f"{text.en}\n"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    folder = tmp_path_factory.mktemp("hospital") / "demo"
    try:
        yield stage.up(folder, _silent)
    finally:
        stage.down(folder, _silent)


def _place(demo: Demo, name: str) -> Place:
    return next(place for place in demo.hosts if place.host.name == name)


def _running(demo: Demo) -> list[Place]:
    return [place for place in demo.hosts if place.host.name != "pay-front01"]


def _processes(demo: Demo) -> dict[str, Process]:
    found = {place.host.name: recorded(place.record) for place in demo.hosts}
    return {name: process for name, process in found.items() if process is not None}


def _accepts(address: str, port: int) -> bool:
    with socket.socket() as client:
        client.settimeout(5)
        return client.connect_ex((address, port)) == 0


def _wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline, "it did not come about in 20 s"
        time.sleep(0.02)


def test_at_least_eight_hosts_let_their_engineers_in(demo: Demo) -> None:
    folders = [place.shell("ls -d $root/log").strip() for place in _running(demo)]
    assert len(folders) >= 8


@needs_openssh
def test_every_host_runs_openssh(demo: Demo) -> None:
    for place in _running(demo):
        with socket.create_connection((place.host.address, place.ssh_port), timeout=5) as client:
            assert client.recv(64).startswith(b"SSH-2.0-OpenSSH")


@needs_namespaces
def test_each_host_has_its_own_name_processes_and_volume(demo: Demo) -> None:
    for place in _running(demo):
        seen = place.shell(
            "hostname; cat /proc/sys/kernel/hostname; ps -e | wc -l; df -P $root/data | tail -n 1"
        )
        name, kernel_name, processes, volume = seen.splitlines()
        assert name == kernel_name == place.host.name
        assert int(processes) < 25
        assert volume.split()[-1] == f"{place.root}/data"
    assert os.uname().nodename not in {place.host.name for place in demo.hosts}


@needs_namespaces
def test_a_data_volume_is_nearly_full(demo: Demo) -> None:
    used = _place(demo, "his-db01").shell("df -P $root/data | awk 'NR == 2 {print $5}'")
    assert 91 <= int(used.strip().rstrip("%")) <= 95


def test_a_backup_is_stale_and_another_has_shrunk(demo: Demo) -> None:
    written = _place(demo, "bak01").shell("cd $root/backup; stat -c '%Y %s %n' his/* lis/*")
    files = [line.split() for line in written.splitlines()]
    newest = max(int(changed) for changed, _, name in files if name.startswith("his/"))
    assert timedelta(hours=50) < datetime.now(UTC) - datetime.fromtimestamp(newest, UTC) < timedelta(days=5)
    *earlier, last = [int(size) for _, size, name in sorted(files) if name.startswith("lis/")]
    assert last < 0.5 * min(earlier)


@needs_nginx
def test_the_portal_serves_tls_with_a_certificate_that_is_about_to_expire(demo: Demo) -> None:
    place = _place(demo, "web01")
    pem = ssl.get_server_certificate((place.host.address, place.port), timeout=5)
    left = x509.load_pem_x509_certificate(pem.encode()).not_valid_after_utc - datetime.now(UTC)
    assert timedelta(days=5) < left < timedelta(days=6)


def test_a_service_has_stopped_and_the_others_serve(demo: Demo) -> None:
    stopped, serving = _place(demo, "emr-app01"), _place(demo, "his-app01")
    assert "stopped" in stopped.shell("$root/bin/service status emr-app || true")
    assert not _accepts(stopped.host.address, stopped.port)
    assert "running" in serving.shell("$root/bin/service status his-app")
    assert _accepts(serving.host.address, serving.port)


def test_an_application_log_holds_a_burst_of_recent_errors_with_numbers_to_mask(demo: Demo) -> None:
    log = _place(demo, "his-app02").shell("grep ERROR $root/log/his-app.log")
    lines = log.splitlines()
    newest = datetime.strptime(lines[-1][:19], "%Y-%m-%d %H:%M:%S").astimezone()
    assert len(lines) > 30
    assert datetime.now().astimezone() - newest < timedelta(minutes=5)
    assert "phone=1380000" in log
    assert "idcard=110101" in log


def test_a_host_is_down(demo: Demo) -> None:
    place = _place(demo, "pay-front01")
    assert not _accepts(place.host.address, place.ssh_port)


async def test_a_host_shows_another_key_than_the_trusted_one(demo: Demo) -> None:
    def connect(name: str) -> asyncssh.misc._ACMWrapper[asyncssh.SSHClientConnection]:
        place = _place(demo, name)
        return asyncssh.connect(
            place.host.address,
            place.ssh_port,
            known_hosts=str(demo.site / "known_hosts"),
            client_keys=[str(login_key(demo.folder))],
        )

    async with connect("his-app01") as connection:
        assert (await connection.run("echo in")).stdout == "in\n"
    with pytest.raises(asyncssh.HostKeyNotVerifiable):
        await connect("yb-front01")


@needs_postgres
def test_the_databases_hold_a_morning_in_counts_for_a_role_that_only_reads(demo: Demo) -> None:
    place = _place(demo, "his-db01")
    with psycopg.connect(
        host=place.host.address,
        port=place.port,
        user="inspector",
        password=inspector_password(demo.folder),
        dbname="his",
    ) as connection:
        recent = "where registered_at > now() - interval '10 minutes'"
        (count,) = connection.execute(f"select count(*) from registrations {recent}").fetchone() or (0,)
        assert count >= 40
        assert connection.execute("select pg_has_role('pg_monitor', 'member')").fetchone() == (True,)
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            connection.execute("delete from registrations")


def test_ansible_reads_the_site_and_its_vaulted_password(demo: Demo) -> None:
    inventory = demo.site / "inventory"
    listing = Path(sys.executable).with_name("ansible-inventory")
    answer = subprocess.run(
        [listing, "-i", inventory, "--vault-password-file", demo.site / "vault.password", "--list"],
        capture_output=True,
        check=True,
        env={**os.environ, "ANSIBLE_HOME": str(demo.folder / "ansible")},
    )
    listed = json.loads(answer.stdout)
    vaulted = (inventory / "group_vars" / "all" / "vault.yml").read_text()
    assert set(listed["_meta"]["hostvars"]) == {place.host.name for place in demo.hosts}
    assert "!vault" in vaulted
    assert inspector_password(demo.folder) not in vaulted


def test_it_says_what_is_wrong_in_it(demo: Demo) -> None:
    assert "the EMR service has stopped" in {fault.en for fault in demo.faults}
    assert "the insurance front end shows another host key (until somebody checks it)" in {
        fault.en for fault in demo.faults
    }


@needs_openssh
def test_its_routine_is_carried_out_on_the_hosts_marked_as_test_hosts(demo: Demo) -> None:
    command = Path(sys.executable).with_name("wardround")
    carried_out = subprocess.run(
        [command, "--lang", "en", "run", "start", "maintenance", "--site", demo.site],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert carried_out.returncode == 0, carried_out.stdout + carried_out.stderr
    written = [len(list(place.folder.glob("**/maintenance.log"))) for place in demo.hosts]
    assert sum(written) == 2
    for name in ("his-app02", "mq01"):
        assert _place(demo, name).shell("wc -l < $root/log/maintenance.log").strip() == "1"


def test_up_again_keeps_every_host_that_runs(demo: Demo) -> None:
    before = _processes(demo)
    again = stage.up(demo.folder, _silent)
    assert _processes(again) == before
    assert len(before) == len(demo.hosts) - 1


def test_up_mends_what_was_killed(demo: Demo) -> None:
    killed = [_place(demo, name) for name in ("his-db01", "web01", "bak01")]
    for place in killed:
        os.kill(_processes(demo)[place.host.name].pid, signal.SIGKILL)
    _wait_until(lambda: not any(_accepts(place.host.address, place.ssh_port) for place in killed))
    stage.up(demo.folder, _silent)
    for place in _running(demo):
        assert place.shell("echo back") == "back\n"
    database = _place(demo, "his-db01")
    assert postgres_programs() is None or _accepts(database.host.address, database.port)


def test_a_day_later_some_of_it_is_mended_and_something_else_is_wrong(demo: Demo) -> None:
    heard = Heard()
    later = stage.advance(demo, heard)
    assert "started the EMR service" in heard.english
    assert "the LIS service has stopped" in heard.english
    assert "running" in _place(later, "emr-app01").shell("$root/bin/service status emr-app")
    assert "stopped" in _place(later, "lis-app01").shell("$root/bin/service status lis-app || true")
    assert "FAILED" not in _place(later, "bak01").shell("cat $root/backup/his.log")


def test_down_leaves_no_process_mount_port_or_file(tmp_path: Path) -> None:
    mounts = Path("/proc/self/mounts").read_text()
    folder = tmp_path / "state" / "wardround" / "demo"
    demo = stage.up(folder, _silent)
    family = [member for process in _processes(demo).values() for member in _family(process)]
    assert len([member for member in family if member.alive]) > 2 * len(_processes(demo))
    stage.down(folder, _silent)
    assert not [member for member in family if member.alive]
    assert not [place for place in demo.hosts if _accepts(place.host.address, place.ssh_port)]
    assert Path("/proc/self/mounts").read_text() == mounts
    assert not (tmp_path / "state" / "wardround").exists()


def test_without_namespaces_it_says_what_can_not_be_shown_and_still_leaves_nothing(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    memory = _abandoned_memory()
    demo = stage.up(tmp_path / "demo", _silent, Isolation.SHARED)
    assert any("no volumes of their own" in missing.en for missing in demo.missing)
    used = _place(demo, "his-db01").shell("du -sk $root/data | cut -f1")
    assert int(used) > 0.9 * VOLUME_MIB * 1024
    assert _place(demo, "his-app01").shell("cat $root/etc/hostname") == "his-app01\n"
    services = [recorded(file) for file in (tmp_path / "demo" / "hosts").glob("*/run/*.process")]
    assert any(services)
    stage.down(tmp_path / "demo", _silent)
    assert not [process for process in services if process and process.alive]
    assert _abandoned_memory() <= memory
    assert not (tmp_path / "demo").exists()


def test_down_ends_what_an_interrupted_start_left(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    code = "import pathlib, sys, orchestrator.demo.stage as s; s.up(pathlib.Path(sys.argv[1]), print)"
    starting = subprocess.Popen(
        [sys.executable, "-c", code, folder], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _wait_until(lambda: len(list((folder / "run").glob("*.process"))) >= 3 or starting.poll() is not None)
    starting.send_signal(signal.SIGINT)
    starting.wait(30)
    started = [recorded(file) for file in (folder / "run").glob("*.process")]
    assert any(started)
    stage.down(folder, _silent)
    assert not [process for process in started if process and process.alive]
    assert not folder.exists()


def test_down_when_nothing_is_up_says_so(tmp_path: Path) -> None:
    heard = Heard()
    stage.down(tmp_path / "demo", heard)
    assert heard.english == "there is no demo hospital to end\n"
    assert not (tmp_path / "demo").exists()


def test_it_does_not_take_a_folder_that_holds_something_else(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(InputError, match="holds other files"):
        stage.up(tmp_path, _silent)
    stage.down(tmp_path, _silent)
    assert (tmp_path / "thesis.txt").read_text() == "mine"


async def test_the_stand_in_for_openssh_gives_bytes_and_exit_status_exactly(tmp_path: Path) -> None:
    for name in ("etc", "home"):
        (tmp_path / name).mkdir()
    key = login_key(tmp_path)
    host_key(tmp_path)
    (tmp_path / "etc" / "authorized_keys").write_text(public(key))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "orchestrator.demo.ssh_server", "127.0.0.1", str(port), tmp_path]
    )
    try:
        _wait_until(lambda: _accepts("127.0.0.1", port))
        trusted = asyncssh.import_known_hosts(f"[127.0.0.1]:{port} {public(host_key(tmp_path))}\n")
        async with asyncssh.connect(
            "127.0.0.1", port, known_hosts=trusted, client_keys=[str(key)], username="anyone"
        ) as connection:
            done = await connection.run(
                "cat; printf '\\0\\377' >&2; exit 7", input=b"a\0\xff\n", encoding=None
            )
        assert (done.stdout, done.stderr, done.returncode) == (b"a\0\xff\n", b"\0\xff", 7)
    finally:
        server.terminate()
        server.wait(10)


def _family(process: Process) -> list[Process]:
    """The process and all that descends from it."""
    found = [process]
    for entry in Path("/proc").glob("[0-9]*/stat"):
        fields = entry.read_bytes().rpartition(b")")[2].split()
        if int(fields[1]) == process.pid:
            found += _family(Process(int(entry.parent.name), int(fields[19]), process.boot))
    return found


def _abandoned_memory() -> set[str]:
    """Ids of the shared memory of which no process makes use; other tests' servers use theirs."""
    rows = [line.split() for line in Path("/proc/sysvipc/shm").read_text().splitlines()[1:]]
    return {row[1] for row in rows if row[6] == "0"}
