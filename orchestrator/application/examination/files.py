"""Whether secrets are read by nobody else, and what is trusted is written by nobody else."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from pwd import getpwuid
from shlex import quote

from orchestrator.language import Text
from orchestrator.model.diagnosis import Condition, Diagnosis
from orchestrator.model.site import Site

_READ_BY_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_WRITTEN_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH

_NAMED = 3
"""Files of one account that are named one by one: their number and the cure say the rest."""

_CREDENTIALS = Path("/run/credentials")
"""What systemd hands to a unit, which alone sees it. One whose credential is missing does not start."""


def examine_files(site: Site) -> Iterator[Diagnosis]:
    """Password files, keys, known_hosts and the state folder, by their modes."""
    audit = site.audit or site.state / "audit"
    barred = [one for folder in (site.state, site.audit) if folder and (one := _barred(folder))]
    keys = [] if barred else [site.state / "site.key", audit / "signing.key"]
    passwords = [site.vault_password_file, site.database.password_file if site.database else None]
    named = [path for path in passwords if path is not None and not path.is_relative_to(_CREDENTIALS)]
    found: list[Diagnosis | None] = [_missing(path) for path in named if not path.exists()]
    found += [_secret(path) for path in (*keys, *named) if path.exists()]
    found += [_known_hosts(site.known_hosts), *barred]
    if not barred:
        found += [_state(site.state), *_owners(site.state)]
    wrong = [one for one in found if one is not None]
    yield from wrong
    if not wrong:
        said = Text("口令文件、密钥与文件夹的权限妥当", "modes of password files, keys and folders are right")
        yield Diagnosis("files", Condition.OK, said)


def _missing(path: Path) -> Diagnosis:
    return _wrong(
        path,
        Condition.CRIT,
        Text(f"口令文件 {path} 不存在", f"there is no password file {path}"),
        Text(
            f"建立它（chmod 600 {path}），或改 wardround.yml",
            f"make it (chmod 600 {path}), or name another in wardround.yml",
        ),
    )


def _secret(path: Path) -> Diagnosis | None:
    if not os.access(path, os.R_OK):
        owner, me = _account(path.stat().st_uid), _account(os.geteuid())
        give = f"chown {me}: {quote(str(path))}"
        return _wrong(
            path,
            Condition.UNKNOWN,
            Text(
                f"{path} 属于 {owner}，当前账号 {me} 不能读取",
                f"{path} belongs to {owner}, and this account, {me}, may not read it",
            ),
            Text(
                f"以工作进程的账号执行 wardround doctor；若 {me} 就是，以 root 执行 {give}",
                f"run wardround doctor as the account of the worker; if that is {me}, as root: {give}",
            ),
        )
    mode = path.stat().st_mode
    # A program that prints the password is no secret by itself, and may be run by a group.
    if not mode & _READ_BY_OTHERS or (mode & stat.S_IXUSR and not mode & stat.S_IRWXO):
        return None
    return _wrong(
        path,
        Condition.CRIT,
        Text(
            f"他人可读取 {path}（{stat.filemode(mode)}）",
            f"others may read {path} ({stat.filemode(mode)})",
        ),
        Text(f"chmod 600 {path}，并更换其中的口令", f"chmod 600 {path}, and change the secret in it"),
    )


def _known_hosts(path: Path) -> Diagnosis | None:
    if not path.exists():
        return _wrong(
            path,
            Condition.WARN,
            Text(f"还没有信任任何主机密钥：{path} 不存在", f"no host key is trusted yet: there is no {path}"),
            Text("核对后执行 wardround hosts trust", "compare them and run wardround hosts trust"),
        )
    mode = path.stat().st_mode
    if not mode & _WRITTEN_BY_OTHERS:
        return None
    return _wrong(
        path,
        Condition.CRIT,
        Text(
            f"他人可改写受信任的主机密钥 {path}（{stat.filemode(mode)}）",
            f"others may write the trusted host keys {path} ({stat.filemode(mode)})",
        ),
        Text(f"chmod go-w {path}，并逐条核对其内容", f"chmod go-w {path}, and compare every line of it"),
    )


def _barred(folder: Path) -> Diagnosis | None:
    """A folder that is there, and not for this account: what is in it can't be looked at."""
    if not folder.exists() or os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        return None
    owner, me = _account(folder.stat().st_uid), _account(os.geteuid())
    return _wrong(
        folder,
        Condition.UNKNOWN,
        Text(
            f"{folder} 属于 {owner}，当前账号 {me} 不能读写",
            f"{folder} belongs to {owner}, and this account, {me}, may not read and write it",
        ),
        Text(
            f"以 {owner} 执行 wardround doctor；若工作进程的账号是 {me}，以 root 执行 "
            f"chown -R {me}: {quote(str(folder))}",
            f"run wardround doctor as {owner}; where {me} is the account of the worker, as root: "
            f"chown -R {me}: {quote(str(folder))}",
        ),
    )


def _state(folder: Path) -> Diagnosis | None:
    if not folder.exists():
        return None  # whoever records first makes it, with a mode that is right
    mode = folder.stat().st_mode
    if not mode & stat.S_IRWXO:
        return None
    return _wrong(
        folder,
        Condition.CRIT if mode & stat.S_IWOTH else Condition.WARN,
        Text(
            f"本机任何账号都能进入状态目录 {folder}（{stat.filemode(mode)}），其中有主机输出",
            f"every account may enter the state folder {folder} ({stat.filemode(mode)}), "
            "and hosts' output is in it",
        ),
        Text(f"chmod o-rwx {folder}", f"chmod o-rwx {folder}"),
    )


def _owners(folder: Path) -> Iterator[Diagnosis]:
    """Files of another account than the folder's: a command that root ran has made them, and the worker fails
    at them."""
    if not folder.exists():
        return
    owner = folder.stat().st_uid
    foreign: dict[int, list[Path]] = {}
    for path in _below(folder):
        with suppress(FileNotFoundError):  # SQLite's own files come and go
            if (uid := path.lstat().st_uid) != owner:
                foreign.setdefault(uid, []).append(path)
    for uid, paths in sorted(foreign.items()):
        yield _foreign(folder, owner, uid, paths)


def _below(folder: Path) -> Iterator[Path]:
    for where, folders, files in os.walk(folder):
        folders.sort()
        yield from (Path(where, name) for name in sorted([*folders, *files]))


def _foreign(folder: Path, owner: int, uid: int, paths: Sequence[Path]) -> Diagnosis:
    named = ", ".join(str(path.relative_to(folder)) for path in paths[:_NAMED])
    named += " …" if len(paths) > _NAMED else ""
    mine, other = _account(owner), _account(uid)
    command = f"chown -R --reference={quote(str(folder))} {quote(str(folder))}"
    return _wrong(
        folder,
        Condition.CRIT,
        Text(
            f"状态目录 {folder} 属于 {mine}，其中 {len(paths)} 个文件属于 {other}，"
            f"{mine} 可能无法读写：{named}",
            f"the state folder {folder} belongs to {mine}, and {len(paths)} files in it to {other}: "
            f"{mine} may fail at {named}",
        ),
        Text(
            f"以 root 执行 {command}；以后命令都以 {mine} 执行：sudo -u {mine} wardround ...",
            f"as root: {command}; from now on run commands as {mine}: sudo -u {mine} wardround ...",
        ),
    )


def _account(uid: int) -> str:
    """Its name, or its number where it has none."""
    try:
        return getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _wrong(path: Path, condition: Condition, said: Text, cure: Text) -> Diagnosis:
    return Diagnosis("files", condition, said, cure, str(path))
