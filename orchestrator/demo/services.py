"""The programs behind a host's services: which of them this machine has, and how each is started."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from orchestrator.demo.hospital import HOSTS, ServiceKind, StageHost
from orchestrator.language import Text

_SYSTEM_PATH = "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin"


def interpreter() -> Path:
    """The Python that the web services run on: the real file, not the virtual environment's link."""
    return Path(sys.executable).resolve()


def find_program(name: str) -> str | None:
    """Where a program lies, in the folders of system programs too."""
    return shutil.which(name) or shutil.which(name, path=_SYSTEM_PATH)


def postgres_programs() -> Path | None:
    """The newest PostgreSQL's folder of server programs."""

    def version(folder: Path) -> float:
        return float(folder.parent.name) if folder.parent.name.replace(".", "", 1).isdigit() else 0

    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=version)
    if linked := find_program("initdb"):
        found.insert(0, Path(linked).resolve().parent)
    fit = [folder for folder in found if (folder / "initdb").exists() and (folder / "postgres").exists()]
    return fit[-1] if fit else None


def missing_program(kind: ServiceKind) -> Text | None:
    """What this machine lacks for a kind of service."""
    if kind is ServiceKind.POSTGRES and postgres_programs() is None:
        return Text(
            "本机没有 PostgreSQL（apt-get install postgresql）", "no PostgreSQL (apt-get install postgresql)"
        )
    if kind is ServiceKind.NGINX and find_program("nginx") is None:
        return Text("本机没有 nginx（apt-get install nginx-light）", "no nginx (apt-get install nginx-light)")
    return None


def run_script(host: StageHost, root: Path, ports: Mapping[str, int]) -> str:
    """The shell script that becomes the host's service."""
    service = host.service
    assert service is not None  # noqa: S101 - callers ask for hosts with a service only
    port = ports[host.name]
    match service.kind:
        case ServiceKind.HTTP:
            program = [str(interpreter()), "-I", "-S", f"{root}/app/{service.name}.py"]
            command = [*program, service.name, host.address, str(port)]
            return f"exec {shlex.join(command)}\n"
        case ServiceKind.POSTGRES:
            return _postgres_script(host, root, port)
        case ServiceKind.NGINX:
            log = f"{root}/log/nginx-error.log"
            command = [
                find_program("nginx") or "nginx",
                "-p",
                f"{root}/",
                "-c",
                f"{root}/etc/nginx.conf",
                "-e",
                log,
            ]
            return f"exec {shlex.join(command)}\n"


def nginx_configuration(host: StageHost, ports: Mapping[str, int]) -> str:
    """A reverse proxy before the HIS application servers. Paths are relative to the host's folder, those
    of the certificate to this file."""
    upstreams = "".join(
        f"    server {other.address}:{ports[other.name]};\n"
        for other in HOSTS
        if other.service is not None and other.service.name == "his-app"
    )
    return f"""daemon off;
worker_processes 1;
pid run/nginx.pid;
events {{ worker_connections 64; }}
http {{
  access_log log/nginx-access.log;
  client_body_temp_path run/nginx-body;
  proxy_temp_path run/nginx-proxy;
  fastcgi_temp_path run/nginx-fastcgi;
  uwsgi_temp_path run/nginx-uwsgi;
  scgi_temp_path run/nginx-scgi;
  proxy_max_temp_file_size 0;
  upstream his {{
{upstreams}  }}
  server {{
    listen {host.address}:{ports[host.name]} ssl;
    ssl_certificate tls/portal.pem;
    ssl_certificate_key tls/portal.key;
    location = / {{ default_type text/plain; return 200 "ok\\n"; }}
    location /his/ {{ proxy_pass http://his/; }}
  }}
}}
"""


def _postgres_script(host: StageHost, root: Path, port: int) -> str:
    """initdb on the first start, into a folder that gets its name only when it is complete."""
    programs = postgres_programs() or Path("/usr/lib/postgresql/bin")
    return f"""# PostgreSQL refuses to run as root.
as=
[ "$(id -u)" != 0 ] || as='setpriv --reuid=postgres --regid=postgres --init-groups'
root={shlex.quote(str(root))}
data=$root/postgres
export LC_ALL=C.UTF-8
if [ ! -d "$data/main" ]; then
    rm -rf "$data"
    mkdir "$data"
    cp "$root/etc/admin.password" "$data/password"
    [ -z "$as" ] || chown -R postgres:postgres "$data"
    $as {programs}/initdb --no-sync --username=stage --pwfile="$data/password" --auth=scram-sha-256 \\
        --encoding=UTF8 --locale=C.UTF-8 --pgdata="$data/new" >/dev/null
    rm "$data/password"
    mv "$data/new" "$data/main"
fi
exec $as {programs}/postgres -D "$data/main" \\
    -c listen_addresses={host.address} -c port={port} -c unix_socket_directories= \\
    -c cluster_name={host.name} -c dynamic_shared_memory_type=mmap -c shared_buffers=8MB \\
    -c max_connections=40 -c fsync=off -c log_timezone=UTC -c jit=off
"""
