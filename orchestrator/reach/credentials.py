"""What a login is proved with: each key file is read once, however many hosts it opens."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import Unreachable, UnreachableReason
from orchestrator.language import Text
from orchestrator.reach.shortage import shortage
from orchestrator.reach.ssh_library import asyncssh

_DEFAULT_FILES = ("id_ed25519", "id_ecdsa", "id_rsa")


Key = asyncssh.SSHKey | tuple[asyncssh.SSHKey, asyncssh.SSHCertificate]
"""A private key, with its certificate where it has one."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What is offered at one login."""

    keys: tuple[Key, ...]
    password: str | None
    agent: str | None
    """The socket of an ssh-agent."""


class Credentials:
    """Reads keys and remembers them."""

    def __init__(self) -> None:
        self._keys: dict[Path, Key] = {}

    def proof(
        self, host: str, key_file: Path | None, password: str | None, *, fallback: bool = False
    ) -> Proof:
        """What to prove a login on `host` with.

        An ssh-agent and the user's default keys are asked only where the inventory names neither key nor
        password: an agent full of keys would use up the server's patience (MaxAuthTries) before the named
        one has its turn, and a round must not depend on who happens to be logged in. `fallback` asks them as
        well: a jump host may take another key than the host behind it.

        Raises:
            Unreachable: the key file can't be used.
            Exhausted: not the file but this machine is at fault.
        """
        keys = (self._read(host, key_file),) if key_file else ()
        if (key_file or password) and not fallback:
            return Proof(keys, password, None)
        return Proof((*keys, *self._default_keys()), password, os.environ.get("SSH_AUTH_SOCK"))

    def _read(self, host: str, path: Path) -> Key:
        if path not in self._keys:
            try:
                self._keys[path] = _load(path)
            except asyncssh.KeyEncryptionError:
                raise _unusable(
                    host,
                    Text(f"私钥 {path} 有口令保护", f"the key {path} is protected by a passphrase"),
                    Text(
                        "改用无口令的专用密钥，或删除 ansible_ssh_private_key_file 并使用 ssh-agent",
                        "use a key of its own without one, or name no key file and use ssh-agent",
                    ),
                ) from None
            except (OSError, asyncssh.KeyImportError) as error:
                if own := shortage(error):
                    raise own from error
                reason = error.strerror if isinstance(error, OSError) else str(error)
                raise _unusable(
                    host,
                    Text(f"私钥 {path} 无法使用：{reason}", f"the key {path} can't be used: {reason}"),
                    Text("检查 ansible_ssh_private_key_file", "check ansible_ssh_private_key_file"),
                ) from None
        return self._keys[path]

    def _default_keys(self) -> tuple[Key, ...]:
        keys = []
        for name in _DEFAULT_FILES:
            path = Path.home() / ".ssh" / name
            # As ssh does: a default key that is not there, or is locked, is no error.
            with contextlib.suppress(OSError, asyncssh.KeyImportError, asyncssh.KeyEncryptionError):
                if path not in self._keys:
                    self._keys[path] = _load(path)
                keys.append(self._keys[path])
        return tuple(keys)


def _load(path: Path) -> Key:
    path = path.expanduser()
    key = asyncssh.read_private_key(path)
    certificate = path.with_name(f"{path.name}-cert.pub")
    return (key, asyncssh.read_certificate(certificate)) if certificate.exists() else key


def _unusable(host: str, detail: Text, hint: Text) -> Unreachable:
    return Unreachable(host, UnreachableReason.AUTH, detail, hint)
