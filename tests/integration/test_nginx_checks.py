"""nginx checks NGX01 and NGX02 against a real server."""

from __future__ import annotations

import shutil
import socket
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.errors import CannotTell, NotApplicable
from orchestrator.plugin.check import CheckPlugin
from orchestrator.plugin.registry import CHECKS, Registry
from tests.checks.local_ask import LocalAsk
from tests.redis_server import wait_until

REGISTRY: Registry[CheckPlugin] = Registry(CHECKS, ("spec", "Parameters", "observe"))
pytestmark = pytest.mark.xdist_group("nginx")
CONFIGURATION = """
pid {folder}/pid; error_log {folder}/error.log; events {{}}
http {{
  log_format timed '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent '
                   '"$http_referer" "$http_user_agent" $request_time';
  access_log {folder}/access.log timed;
  server {{
    listen 127.0.0.1:{port};
    location / {{ return 200; }}
    location /broken {{ return 503; }}
    location /status {{ stub_status; access_log off; }}
  }}
}}
"""


@pytest.fixture
def nginx(tmp_path: Path) -> Iterator[tuple[Path, int]]:
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin")
    if program is None:
        pytest.skip("nginx (package nginx-light) is not installed")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    configuration = tmp_path / "nginx.conf"
    configuration.write_text(CONFIGURATION.format(folder=tmp_path, port=port))
    process = subprocess.Popen([program, "-c", str(configuration), "-g", "daemon off;"])
    try:
        wait_until(lambda: get(port, "/status") == 200)
        yield tmp_path, port
    finally:
        process.terminate()
        process.wait()


def get(port: int, path: str) -> int:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}") as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code
    except urllib.error.URLError:
        return 0


def seen(check: str, **parameters: object) -> dict[str, object]:
    plugin = REGISTRY.get(check)
    found = plugin.observe(LocalAsk(), plugin.Parameters(**parameters))
    return {observation.metric: observation.value for observation in found}


def test_a_running_server_is_alive_and_a_broken_configuration_is_found(nginx: tuple[Path, int]) -> None:
    folder, port = nginx
    status = f"http://127.0.0.1:{port}/status"
    found = seen("nginx_alive", configuration=str(folder / "nginx.conf"), status_url=status)
    masters = found.pop("masters")
    assert isinstance(masters, int)
    assert masters >= 1
    assert found == {"configuration": "ok", "status": "ok", "connections": 1.0}
    (folder / "nginx.conf").write_text("events {} http { serve {} }")
    assert seen("nginx_alive", configuration=str(folder / "nginx.conf"))["configuration"] == "failed"


def test_a_status_page_that_does_not_answer_is_a_failure(nginx: tuple[Path, int]) -> None:
    folder, port = nginx
    for url in ("http://127.0.0.1:1/status", f"http://127.0.0.1:{port}/broken"):
        found = seen("nginx_alive", configuration=str(folder / "nginx.conf"), status_url=url)
        assert found["status"] == "failed"
        assert "connections" not in found


def test_server_errors_and_slow_answers_are_measured(nginx: tuple[Path, int]) -> None:
    folder, port = nginx
    log = folder / "access.log"
    assert [get(port, path) for path in ("/", "/", "/", "/broken")] == [200, 200, 200, 503]
    wait_until(lambda: log.read_text().count("\n") == 4)
    found = seen("nginx_requests", path=str(log), times=True)
    assert found == {"requests": 4, "errors_pct": 25.0, "p99_s": 0.0}
    slow = log.read_text().splitlines()[-1].rsplit(" ", 1)[0] + " 12.345\n"
    with log.open("a") as file:
        file.write(slow)
    assert seen("nginx_requests", path=str(log), times=True)["p99_s"] == 12.345


def test_old_requests_do_not_count_and_none_at_all_is_no_good_news(tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.write_text('10.0.0.1 - - [01/Jan/2020:00:00:00 +0800] "GET / HTTP/1.1" 500 1 "-" "-"\n')
    with pytest.raises(NotApplicable):
        seen("nginx_requests", path=str(log))
    log.write_text('nothing that nginx writes, "in quotes" or not\n')
    with pytest.raises(CannotTell):
        seen("nginx_requests", path=str(log))
    with pytest.raises(CannotTell):
        seen("nginx_requests", path=str(tmp_path / "missing.log"))
