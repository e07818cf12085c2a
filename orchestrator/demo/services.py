"""The programs behind the hosts' services: why one can't run here, and how each is started."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from orchestrator.demo.hospital import HOSTS, ServiceKind
from orchestrator.demo.place import Place
from orchestrator.demo.programs import find_program, interpreter, postgres_programs
from orchestrator.language import Text

_OTHERS_MAY_ENTER = 0o001


def unavailable(place: Place) -> Text | None:
    """Why the host's service can't run on this machine; None when it can, or there is none."""
    kind = place.host.service.kind if place.host.service else None
    if kind is ServiceKind.NGINX and find_program("nginx") is None:
        return Text("本机没有 nginx（apt-get install nginx-light）", "no nginx (apt-get install nginx-light)")
    if kind is not ServiceKind.POSTGRES:
        return None
    if postgres_programs() is None:
        return Text(
            "本机没有 PostgreSQL（apt-get install postgresql）", "no PostgreSQL (apt-get install postgresql)"
        )
    if os.geteuid() == 0 and not place.isolation.own_volume and not _open_to_others(place.folder):
        return Text(
            f"用户 postgres 进不了 {place.demo}（用 WARDROUND_DEMO_HOME 指定另一个目录）",
            f"the user postgres can't enter {place.demo} (name another folder in WARDROUND_DEMO_HOME)",
        )
    return None


def _open_to_others(folder: Path) -> bool:
    return all(parent.stat().st_mode & _OTHERS_MAY_ENTER for parent in folder.parents if parent.exists())


def run_script(place: Place) -> str:
    """The shell script that becomes the host's service."""
    host, root, service = place.host, place.root, place.host.service
    if service is None:
        return ""
    match service.kind:
        case ServiceKind.HTTP:
            program = [str(interpreter()), "-I", "-S", f"{root}/app/{service.name}.py"]
            command = [*program, service.name, host.address, str(place.port)]
            return f"exec {shlex.join(command)}\n"
        case ServiceKind.POSTGRES:
            return _postgres_script(place)
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


def nginx_configuration(place: Place) -> str:
    """A reverse proxy before the HIS application servers. Paths are relative to the host's folder, those
    of the certificate to this file."""
    upstreams = "".join(
        f"    server {other.address}:{place.ports[other.name]};\n"
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
    listen {place.host.address}:{place.port} ssl;
    ssl_certificate tls/portal.pem;
    ssl_certificate_key tls/portal.key;
    location = / {{ default_type text/plain; return 200 "ok\\n"; }}
    location /his/ {{ proxy_pass http://his/; }}
  }}
}}
"""


def _postgres_script(place: Place) -> str:
    """initdb on the first start, into a folder that gets its name only when it is complete."""
    programs = postgres_programs() or Path("/usr/lib/postgresql/bin")
    return f"""# PostgreSQL refuses to run as root.
as=
[ "$(id -u)" != 0 ] || as='setpriv --reuid=postgres --regid=postgres --init-groups'
root={shlex.quote(str(place.root))}
data=$root/postgres
export LC_ALL=C.UTF-8
if [ ! -d "$data/main" ]; then
    rm -rf "$data"
    mkdir "$data"
    cp "$root/etc/admin.password" "$data/password"
    [ -z "$as" ] || chown -R postgres:postgres "$data"
    cd "$data"
    $as {programs}/initdb --no-sync --username=stage --pwfile="$data/password" --auth=scram-sha-256 \\
        --encoding=UTF8 --locale=C.UTF-8 --pgdata="$data/new" >/dev/null
    rm "$data/password"
    mv "$data/new" "$data/main"
fi
cd "$data"
exec $as {programs}/postgres -D "$data/main" \\
    -c listen_addresses={place.host.address} -c port={place.port} -c unix_socket_directories= \\
    -c cluster_name={place.host.name} -c dynamic_shared_memory_type=mmap -c shared_buffers=8MB \\
    -c max_connections=40 -c fsync=off -c log_timezone=UTC -c jit=off
"""
