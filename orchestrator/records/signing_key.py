"""The Ed25519 key that signs the head of the log and its segments."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from orchestrator.errors import ChainBroken, StoreError
from orchestrator.language import Text

FILE = "signing.key"
LOST_KEY = Text(
    "审计签名密钥丢失：公钥还在，私钥 signing.key 不在",
    "the signing key of the audit log is lost: its public half is there, signing.key is not",
)


def key_is_lost(folder: Path) -> bool:
    """Whether there was a key and is none now: a new one is made for a new log, or by a restart alone."""
    return not (folder / FILE).exists() and any(folder.glob("*.pub"))


def sign(folder: Path, message: bytes) -> tuple[str, str]:
    """Id of the key and signature. The key is made at first use, with its public half beside it.

    Raises:
        OSError: it can't be read or made.
        StoreError: others may read it, or it is damaged.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    path = folder / FILE
    if not path.exists():
        _write_new(path, Ed25519PrivateKey.generate().private_bytes_raw(), 0o600)
    if path.stat().st_mode & 0o077:
        raise StoreError(
            Text(f"审计签名密钥 {path} 可被他人读取", f"others may read the signing key {path}"),
            Text(f"执行 chmod 600 {path}，并查明谁读过它", f"run chmod 600 {path}, and find out who read it"),
        )
    try:
        key = Ed25519PrivateKey.from_private_bytes(path.read_bytes())
    except ValueError:
        raise ChainBroken(
            Text(f"审计签名密钥 {path} 已损坏", f"the signing key {path} is damaged"),
            Text(
                "从备份恢复；没有备份则将其改名，再执行 wardround audit restart",
                "restore it; without a backup, rename it and run wardround audit restart",
            ),
        ) from None
    public = key.public_key().public_bytes_raw()
    name = hashlib.sha256(public).hexdigest()[:16]
    if not (folder / f"{name}.pub").exists():
        _write_new(folder / f"{name}.pub", public, 0o644)
    return name, key.sign(message).hex()


def signed(folder: Path, key: str, message: bytes, signature: str) -> bool:
    """Whether the key of that id, whose public half is in the folder, signed this."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        public = (folder / f"{Path(key).name}.pub").read_bytes()
        if hashlib.sha256(public).hexdigest()[:16] != key:
            return False
        Ed25519PublicKey.from_public_bytes(public).verify(bytes.fromhex(signature), message)
    except (InvalidSignature, ValueError, FileNotFoundError):
        return False
    return True


def _write_new(path: Path, content: bytes, mode: int) -> None:
    """Written aside and linked: two processes that start together agree on one."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink(missing_ok=True)
