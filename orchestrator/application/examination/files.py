"""Whether secrets are read by nobody else, and what is trusted is written by nobody else."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from orchestrator.language import Text
from orchestrator.model.diagnosis import Condition, Diagnosis
from orchestrator.model.site import Site

_READ_BY_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_WRITTEN_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH

_CREDENTIALS = Path("/run/credentials")
"""What systemd hands to a unit, which alone sees it. One whose credential is missing does not start."""


def examine_files(site: Site) -> Iterator[Diagnosis]:
    """Password files, keys, known_hosts and the state folder, by their modes."""
    audit = site.audit or site.state / "audit"
    keys = [site.state / "site.key", audit / "signing.key"]
    passwords = [site.vault_password_file, site.database.password_file if site.database else None]
    named = [path for path in passwords if path is not None and not path.is_relative_to(_CREDENTIALS)]
    found: list[Diagnosis | None] = [_missing(path) for path in named if not path.exists()]
    found += [_secret(path) for path in (*keys, *named) if path.exists()]
    found += [_known_hosts(site.known_hosts), _state(site.state), *_owners(site.state)]
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
        return _wrong(
            path,
            Condition.UNKNOWN,
            Text(f"当前用户不能读取 {path}", f"this account may not read {path}"),
            Text(
                "以工作进程的账号执行 wardround doctor", "run wardround doctor as the account of the worker"
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


def _state(folder: Path) -> Diagnosis | None:
    if not folder.exists():
        return None  # whoever records first makes it, with a mode that is right
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        return _wrong(
            folder,
            Condition.UNKNOWN,
            Text(
                f"当前用户不能写入状态目录 {folder}", f"this account may not write the state folder {folder}"
            ),
            Text(
                "以工作进程的账号执行 wardround doctor", "run wardround doctor as the account of the worker"
            ),
        )
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
    places = (place for place in (folder, folder / "audit") if place.is_dir())
    for path in sorted(path for place in places for path in place.iterdir()):
        with suppress(FileNotFoundError):  # SQLite's own files come and go
            if path.lstat().st_uid != owner:
                yield _wrong(
                    path,
                    Condition.CRIT,
                    Text(
                        f"{path} 不属于状态目录的账号",
                        f"{path} belongs to another account than the state folder",
                    ),
                    Text(
                        f"chown -R --reference={folder} {folder}；命令都以工作进程的账号执行",
                        f"chown -R --reference={folder} {folder}; run commands as the account of the worker",
                    ),
                )


def _wrong(path: Path, condition: Condition, said: Text, cure: Text) -> Diagnosis:
    return Diagnosis("files", condition, said, cure, str(path))
