"""Opens what ansible-vault has closed (formats 1.1 and 1.2), so that no process is started for each value."""

from __future__ import annotations

import os
import re
import subprocess
from binascii import hexlify, unhexlify
from pathlib import Path
from textwrap import wrap

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CTR
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from cryptography.hazmat.primitives.padding import PKCS7

from orchestrator.errors import InvalidInventory
from orchestrator.language import Text

HEADER = b"$ANSIBLE_VAULT;"

_ASSIGNED = re.compile(r"""([A-Za-z_]\w*)["']?\s*[:=]""")
_PASSWORD_HINT = Text(
    "用 --vault-password-file 或 wardround.yml 的 vault_password_file 指出口令文件",
    "name the password file by --vault-password-file, or by vault_password_file in wardround.yml",
)


class Vault:
    """One vault password, and what it has opened so far: a value shared by sixty hosts is opened once."""

    def __init__(self, password: bytes | None, origin: Path | None) -> None:
        self._password = password
        self._origin = origin
        self._opened: dict[str, str] = {}

    def open(self, envelope: str) -> str:
        """The text inside an envelope that begins with `$ANSIBLE_VAULT;`.

        Raises:
            InvalidInventory: no password, the wrong one, or a damaged envelope.
        """
        if envelope not in self._opened:
            self._opened[envelope] = self._decrypt(envelope)
        return self._opened[envelope]

    def close(self, text: str) -> str:
        """`text` in an envelope of format 1.1, as ansible-vault would make it.

        Raises:
            InvalidInventory: no password.
        """
        if self._password is None:
            raise no_password()
        salt = os.urandom(32)
        signature, ciphertext = _lock(self._password, salt, text.encode())
        body = hexlify(b"\n".join(hexlify(part) for part in (salt, signature, ciphertext))).decode()
        return "\n".join(["$ANSIBLE_VAULT;1.1;AES256", *wrap(body, 80)])

    def _decrypt(self, envelope: str) -> str:
        if self._password is None:
            raise no_password()
        header, _, body = envelope.strip().partition("\n")
        if not re.fullmatch(r"\$ANSIBLE_VAULT;1\.[12];AES256(;.*)?", header.strip()):
            raise _damaged()
        try:
            salt, signature, ciphertext = (
                unhexlify(part) for part in unhexlify("".join(body.split())).split(b"\n", 2)
            )
            return _unlock(self._password, salt, signature, ciphertext).decode()
        except InvalidSignature:
            raise wrong_password(self._origin) from None
        except ValueError:
            raise _damaged() from None


def open_vault(password_file: Path | None) -> Vault:
    """Read the password as Ansible does: the file's text, or, of an executable, what it prints.

    Raises:
        InvalidInventory: there is no such file, or its script fails.
    """
    if password_file is None:
        return Vault(None, None)
    if not password_file.is_file():
        raise InvalidInventory(
            Text(
                f"保险库口令文件 {password_file} 不存在",
                f"the vault password file {password_file} does not exist",
            ),
            _PASSWORD_HINT,
        )
    try:
        executable = os.access(password_file, os.X_OK)
        password = _ask_script(password_file) if executable else password_file.read_bytes().strip()
    except OSError as error:
        raise InvalidInventory(
            Text(
                f"保险库口令文件 {password_file} 无法使用：{error.strerror}",
                f"the vault password file {password_file} can't be used: {error.strerror}",
            )
        ) from error
    if not password:
        raise InvalidInventory(
            Text(
                f"保险库口令文件 {password_file} 没有给出口令",
                f"the vault password file {password_file} holds no password",
            )
        )
    return Vault(password, password_file)


def assigned_names(text: str) -> frozenset[str]:
    """Every name that a decrypted YAML, JSON or INI text gives a value to, at any depth.

    Too many names are harmless (a value more is masked), too few would leak.
    """
    return frozenset(_ASSIGNED.findall(text))


def no_password() -> InvalidInventory:
    return InvalidInventory(
        Text(
            "清单里有 ansible-vault 加密的内容，但没有给出口令",
            "the inventory holds vaulted values and no vault password was given",
        ),
        _PASSWORD_HINT,
    )


def wrong_password(origin: Path | None) -> InvalidInventory:
    return InvalidInventory(
        Text(
            f"{origin} 里的口令打不开清单中加密的内容",
            f"the vault password in {origin} does not open the inventory's vaulted values",
        ),
        Text(
            "检查是否用了另一个口令加密",
            "check whether they were encrypted with another password",
        ),
    )


def _damaged() -> InvalidInventory:
    return InvalidInventory(
        Text(
            "清单里有一个加密值已损坏，或不是 AES256 的 1.1/1.2 格式",
            "a vaulted value in the inventory is damaged, or not of format 1.1 or 1.2 with AES256",
        )
    )


def _ask_script(script: Path) -> bytes:
    # Ansible gives a `*-client` script the vault id; with a plain password file that id is `default`.
    arguments = ("--vault-id", "default") if script.stem.endswith("-client") else ()
    try:
        ended = subprocess.run(
            [script.absolute(), *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=30,
            check=True,
        )
    except subprocess.TimeoutExpired:
        raise _script_failed(script, "30 s") from None
    except subprocess.CalledProcessError as error:
        raise _script_failed(script, f"exit {error.returncode}") from None
    return ended.stdout.strip(b"\r\n")


def _script_failed(script: Path, how: str) -> InvalidInventory:
    return InvalidInventory(
        Text(
            f"保险库口令脚本 {script} 没有成功（{how}）",
            f"the vault password script {script} did not succeed ({how})",
        )
    )


def _lock(password: bytes, salt: bytes, text: bytes) -> tuple[bytes, bytes]:
    cipher, guard = _keyed(password, salt)
    padder = PKCS7(128).padder()
    encryptor = cipher.encryptor()
    ciphertext = encryptor.update(padder.update(text) + padder.finalize()) + encryptor.finalize()
    guard.update(ciphertext)
    return guard.finalize(), ciphertext


def _unlock(password: bytes, salt: bytes, signature: bytes, ciphertext: bytes) -> bytes:
    cipher, guard = _keyed(password, salt)
    guard.update(ciphertext)
    guard.verify(signature)
    decryptor = cipher.decryptor()
    padded = decryptor.update(ciphertext) + decryptor.finalize()
    unpadder = PKCS7(128).unpadder()
    return unpadder.update(padded) + unpadder.finalize()


def _keyed(password: bytes, salt: bytes) -> tuple[Cipher[CTR], HMAC]:
    derived = PBKDF2HMAC(algorithm=SHA256(), length=80, salt=salt, iterations=10_000).derive(password)
    return Cipher(AES256(derived[:32]), CTR(derived[64:])), HMAC(derived[32:64], SHA256())
