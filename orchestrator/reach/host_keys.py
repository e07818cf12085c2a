"""The host keys that a site trusts: its known_hosts file, read once, written when a person has decided."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from orchestrator.errors import Diagnostic, InputError, InvalidDocument, Position, StoreError
from orchestrator.language import Text
from orchestrator.reach.ssh_library import asyncssh

_SSH_PORT = 22


class KeyStatus(StrEnum):
    """How a key that a host shows compares with what is trusted."""

    NEW = "new"
    """Nothing is recorded for this host yet."""
    KNOWN = "known"
    """It is the trusted one."""
    CHANGED = "changed"
    """Another key is trusted: the host was reinstalled, or somebody stands in between."""


@dataclass(frozen=True, slots=True)
class ScannedKey:
    """A key that a host shows, before anybody trusts it."""

    host: str
    """The inventory name of the host that was scanned."""
    place: str
    """Whose key it is, as known_hosts writes it: `his-db01` or `[10.0.0.1]:2222`. A jump host's, as long as
    that one is not trusted: nobody can look past it before."""
    is_jump: bool
    key_type: str
    fingerprint: str
    """`SHA256:...`, as `ssh-keygen -l` prints it on the host."""
    line: str
    """The line for known_hosts, without a line end."""
    status: KeyStatus
    trusted: tuple[str, ...] = ()
    """Fingerprints that are recorded for the place now."""


@dataclass(frozen=True, slots=True)
class TrustedKeys:
    """What is recorded for one place."""

    keys: tuple[asyncssh.SSHKey, ...] = ()
    authorities: tuple[asyncssh.SSHKey, ...] = ()
    revoked: tuple[asyncssh.SSHKey, ...] = ()

    @property
    def fingerprints(self) -> tuple[str, ...]:
        return tuple(key.get_fingerprint() for key in self.keys)


class KnownHosts:
    """A known_hosts file, parsed. A file that does not exist trusts nobody."""

    def __init__(self, text: str = "", file: str = "known_hosts") -> None:
        """Parse all lines.

        Raises:
            InvalidDocument: with every line that is not understood.
        """
        self._entries = asyncssh.import_known_hosts("")
        wrong = []
        for number, line in enumerate(text.splitlines(), 1):
            try:
                self._entries.load(line)
            except ValueError as error:
                wrong.append(_diagnostic(file, number, str(error)))
        if wrong:
            raise InvalidDocument(wrong)

    @classmethod
    def read(cls, path: Path) -> KnownHosts:
        """Read the file.

        Raises:
            InvalidDocument: it holds something else than known hosts.
            StoreError: it can't be read.
        """
        return cls(_text(path), str(path))

    def trusted(self, address: str, port: int) -> TrustedKeys:
        """The keys for this very port: another port of the same address is another server."""
        keys, authorities, revoked, *_ = self._entries.match(place(address, port), "", None)
        return TrustedKeys(tuple(keys), tuple(authorities), tuple(revoked))


def place(address: str, port: int) -> str:
    """How known_hosts names a server."""
    return address if port == _SSH_PORT else f"[{address}]:{port}"


def scanned(
    host: str, name: str, key: asyncssh.SSHKey, recorded: TrustedKeys, *, is_jump: bool
) -> ScannedKey:
    """A key that was shown, held against what is recorded."""
    text = " ".join(key.export_public_key().decode().split()[:2])
    return ScannedKey(
        host=host,
        place=name,
        is_jump=is_jump,
        key_type=key.get_algorithm(),
        fingerprint=key.get_fingerprint(),
        line=f"{name} {text}",
        status=_status(key, recorded),
        trusted=recorded.fingerprints,
    )


def record_host_keys(path: Path, keys: Iterable[ScannedKey], *, replace: bool = False) -> None:
    """Write keys that a person has checked into known_hosts. Comments and other lines stay as they are.

    Raises:
        InputError: another key is recorded and `replace` was not asked for; nothing is written.
        StoreError: the file can't be read or written.
    """
    lines = [_Line(text) for text in _text(path).splitlines()]
    for key in {key.line: key for key in keys}.values():
        listed = [line for line in lines if line.names(key.place)]
        others = [line for line in listed if not line.holds(key)]
        if others and not replace:
            raise InputError(
                Text(f"{path} 已记录 {key.place} 的另一个密钥", f"{path} holds another key for {key.place}"),
                Text(
                    f"核对后执行 wardround hosts trust --replace {key.host}",
                    f"after checking: wardround hosts trust --replace {key.host}",
                ),
            )
        lines = [kept for line in lines for kept in (line.without(key.place) if line in others else (line,))]
        if len(listed) == len(others):
            lines.append(_Line(key.line))
    _write(path, "".join(f"{line.text}\n" for line in lines))


class _Line:
    """One line of the file. What is no plain key line (comment, @revoked, @cert-authority) stays as it is."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._entry = asyncssh.import_known_hosts("")
        if not text.lstrip().startswith("@"):
            with contextlib.suppress(ValueError):
                self._entry.load(text)

    def names(self, name: str) -> bool:
        keys, *_ = self._entry.match(name, "", None)
        return bool(keys)

    def holds(self, key: ScannedKey) -> bool:
        return self.text.split()[1:3] == key.line.split()[1:3]

    def without(self, name: str) -> Sequence[_Line]:
        """The line without that name; nothing when no other name is on it."""
        names, _, rest = self.text.strip().partition(" ")
        left = [listed for listed in names.split(",") if listed != name]
        if not left or len(left) == len(names.split(",")):
            # It is hashed, or named by a pattern: the whole line goes.
            return ()
        return (_Line(f"{','.join(left)} {rest}"),)


def _status(key: asyncssh.SSHKey, recorded: TrustedKeys) -> KeyStatus:
    if key in recorded.revoked:
        return KeyStatus.CHANGED
    if key in recorded.keys:
        return KeyStatus.KNOWN
    return KeyStatus.CHANGED if recorded.keys else KeyStatus.NEW


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError as error:
        raise InvalidDocument([_diagnostic(str(path), 1, str(error))]) from None
    except OSError as error:
        raise StoreError(
            Text(f"无法读取 {path}：{error.strerror}", f"can't read {path}: {error.strerror}")
        ) from error


def _diagnostic(file: str, line: int, reason: str) -> Diagnostic:
    return Diagnostic(
        Position(file, line),
        "known-hosts",
        Text(f"不是有效的 known_hosts 行：{reason}", f"no line of known_hosts: {reason}"),
        Text(
            "删除该行，或用 wardround hosts trust 重新记录",
            "remove it, or record the key again with wardround hosts trust",
        ),
    )


def _write(path: Path, text: str) -> None:
    """All or nothing, and on the disk when it returns."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        mode = path.stat().st_mode & 0o777 if path.exists() else 0o644
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fchmod(file.fileno(), mode)
                os.fsync(file.fileno())
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise StoreError(
            Text(f"无法写入 {path}：{error.strerror}", f"can't write {path}: {error.strerror}")
        ) from error
