"""The demo's own SSH keys: one to log in with, one a host, and one that a host no longer has."""

from __future__ import annotations

from pathlib import Path

import asyncssh


def login_key(folder: Path) -> Path:
    """The private key that the demo's inventory names, with its public half beside it."""
    return _key(folder / "keys" / "demo_ed25519", "wardround-demo")


def host_key(host_folder: Path) -> Path:
    """The private key of a host."""
    return _key(host_folder / "etc" / "ssh_host_ed25519_key", host_folder.name)


def public(key: Path) -> str:
    """The public half, as known_hosts and authorized_keys take it."""
    return key.with_name(f"{key.name}.pub").read_text(encoding="ascii").strip()


def _key(path: Path, comment: str) -> Path:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        key = asyncssh.generate_private_key("ssh-ed25519", comment)
        key.write_public_key(f"{path}.pub")
        new = path.with_name(f"{path.name}.new")
        new.touch(mode=0o600)
        new.write_bytes(key.export_private_key())
        new.replace(path)
    return path
