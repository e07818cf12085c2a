"""The second factor: time-based codes (RFC 6238), whose secret is encrypted where it is kept."""

from __future__ import annotations

import secrets
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

import pyotp
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from orchestrator.errors import StoreError
from orchestrator.language import Text
from orchestrator.records.site_key import site_key

STEP = 30
"""Seconds that a code stands for."""
DRIFT = 1
"""Steps that a telephone's clock may be off."""
_NONCE = 12


def new_secret() -> str:
    return pyotp.random_base32(32)


def enrolment_uri(secret: str, account: str, hospital: str) -> str:
    """What authenticator apps read from a QR code."""
    label, issuer = quote(account), quote(f"Wardround {hospital}")
    # The issuer is not repeated before the label: the QR code has to fit into a terminal.
    return f"otpauth://totp/{label}?secret={secret}&issuer={issuer}"


def accepted_step(secret: str, code: str, at: datetime, last: int) -> int | None:
    """The step that `code` is right for; None when it is wrong, or not newer than the last accepted."""
    totp = pyotp.TOTP(secret, interval=STEP)
    now = int(at.timestamp()) // STEP
    hits = [
        step
        for step in range(now - DRIFT, now + DRIFT + 1)
        if step >= 0 and secrets.compare_digest(totp.generate_otp(step).encode(), _digits(code))
    ]
    return next((step for step in hits if step > last), None)


def seal(secret: str, account: int, state: Path) -> bytes:
    """Encrypted for this account alone: copied to another one it does not open."""
    nonce = secrets.token_bytes(_NONCE)
    return nonce + AESGCM(_key(state)).encrypt(nonce, secret.encode(), _bound_to(account))


def unseal(sealed: bytes, account: int, state: Path) -> str:
    """Raises StoreError when the site's key is not the one that it was encrypted with."""
    nonce, text = bytes(sealed[:_NONCE]), bytes(sealed[_NONCE:])
    try:
        return AESGCM(_key(state)).decrypt(nonce, text, _bound_to(account)).decode()
    except InvalidTag as error:
        raise StoreError(
            Text("动态码密钥无法解密", "the secret of the second factor can't be decrypted"),
            Text(
                f"{state / 'site.key'} 不是当初的那一个：从副本恢复它；没有副本则由已登录的安全管理员执行 "
                "wardround user reset-totp，或恢复备份（wardround db restore --other-key）",
                f"{state / 'site.key'} is not the key of that time: restore it from its copy; without one, a "
                "security administrator who is logged in runs wardround user reset-totp, or a backup is "
                "restored with wardround db restore --other-key",
            ),
        ) from error


def _key(state: Path) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=b"wardround second factor").derive(site_key(state))


def _bound_to(account: int) -> bytes:
    return f"account {account}".encode()


def _digits(code: str) -> bytes:
    """As apps show it: people type the gap in `123 456` too."""
    return "".join(code.split()).encode("utf-8", "replace")
