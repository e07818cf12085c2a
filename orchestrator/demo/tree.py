"""What lies in one host's folder: configuration, scripts, keys and the services that are enabled."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
from pathlib import Path

from orchestrator.demo.hospital import ServiceKind
from orchestrator.demo.keys import host_key, login_key, public
from orchestrator.demo.place import Place
from orchestrator.demo.services import nginx_configuration, run_script, unavailable

_SCRIPTS = Path(__file__).parent / "host"
_FOLDERS = ("app", "backup", "bin", "data", "etc/enabled", "home", "log", "run")
_LOGIN_RECORDS = ("btmp", "wtmp", "lastlog")
VOLUME_MIB = 32


def write_tree(place: Place) -> None:
    """Write the host's folder. What has grown there is kept."""
    folder = place.folder
    for name in _FOLDERS:
        (folder / name).mkdir(parents=True, exist_ok=True)
    for name in ("launch.sh", "boot.sh", "enter.sh", "service"):
        shutil.copy(_SCRIPTS / name, folder / "bin" / name)
    (folder / "bin" / "service").chmod(0o755)
    for name in _LOGIN_RECORDS:
        (folder / "log" / name).touch(mode=0o600)
    _write_identity(place)
    _write_ssh(place)
    _write_service(place)


def _write_identity(place: Place) -> None:
    """The host's name, and its own view of who may log in: no password, and a home in its own folder."""
    etc = place.folder / "etc"
    (etc / "hostname").write_text(f"{place.host.name}\n")
    (etc / "volume").write_text(f"{VOLUME_MIB}m\n")
    shell = "/bin/bash" if Path("/bin/bash").exists() else "/bin/sh"
    users, passwords = [], []
    for user in pwd.getpwall():
        own = user.pw_uid == os.getuid()
        home, login = (f"{place.root}/home", shell) if own else (user.pw_dir, user.pw_shell)
        users.append(f"{user.pw_name}:x:{user.pw_uid}:{user.pw_gid}:{user.pw_gecos}:{home}:{login}\n")
        passwords.append(f"{user.pw_name}:*:19700:0:99999:7:::\n")
    (etc / "passwd").write_text("".join(users))
    (etc / "shadow").write_text("".join(passwords))
    (etc / "shadow").chmod(0o600)


def _write_ssh(place: Place) -> None:
    folder, root = place.folder, place.root
    host_key(folder)
    (folder / "etc" / "authorized_keys").write_text(f"{public(login_key(place.demo))}\n")
    (folder / "etc" / "sshd_config").write_text(f"""ListenAddress {place.host.address}:{place.ssh_port}
HostKey {root}/etc/ssh_host_ed25519_key
AuthorizedKeysFile {root}/etc/authorized_keys
PidFile {root}/run/sshd.pid
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
StrictModes no
UsePAM {"yes" if _root_is_locked(place) else "no"}
UseDNS no
PrintMotd no
MaxStartups 100
MaxSessions 100
Subsystem sftp internal-sftp
""")


def _root_is_locked(place: Place) -> bool:
    """Whether sshd would refuse root for a locked password; only PAM looks past that.

    A host with its own /etc/shadow has no such password.
    """
    if place.isolation.own_volume or os.geteuid() != 0:
        return False
    lines = Path("/etc/shadow").read_text(errors="replace").splitlines()
    return any(line.startswith("root:!") for line in lines)


def _write_service(place: Place) -> None:
    folder, service = place.folder, place.host.service
    if service is None or unavailable(place) is not None:
        return
    (folder / "app" / f"{service.name}.run").write_text(run_script(place))
    (folder / "etc" / "enabled" / service.name).touch()
    match service.kind:
        case ServiceKind.HTTP:
            shutil.copy(_SCRIPTS / "application.py", folder / "app" / f"{service.name}.py")
        case ServiceKind.NGINX:
            (folder / "etc" / "nginx.conf").write_text(nginx_configuration(place))
        case ServiceKind.POSTGRES:
            password(folder / "etc" / "admin.password")


def password(path: Path) -> str:
    """The password in that file, made at random the first time."""
    if not path.exists() or not path.read_text():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(18))
    return path.read_text()
