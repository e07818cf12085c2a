"""The file that keeps a session's token: one a site, in the folder of whoever logged in, theirs alone."""

from __future__ import annotations

import hashlib
import os
import stat
from contextlib import suppress
from pathlib import Path

from orchestrator.errors import Unauthenticated
from orchestrator.language import Text
from orchestrator.records.fault import store_error
from orchestrator.records.sessions import Token, new_token

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_LONGEST = 200


class SessionFile:
    """Where the token of one site lies for this process's account of the machine."""

    def __init__(self, folder: Path, site: Path) -> None:
        digest = hashlib.sha256(str(site).encode("utf-8", "surrogateescape")).hexdigest()
        self.path = folder / f"{digest[:16]}.session"

    def read(self) -> Token | None:
        """The token; None where there is none.

        Raises:
            Unauthenticated: the file is not this account's, or others may read it.
        """
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise _refused(self.path, error.strerror or str(error)) from error
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid():
                raise _refused(self.path, "owner")
            if status.st_mode & 0o077:
                raise _refused(self.path, f"mode {stat.S_IMODE(status.st_mode):04o}")
            content = os.read(descriptor, _LONGEST)
        finally:
            os.close(descriptor)
        return Token(content.decode("ascii", "replace").strip(), _place())

    def make(self) -> Token:
        """Write a new token over whatever is there.

        Raises:
            StoreError: the folder can't be written.
        """
        token = new_token(_place())
        draft = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            draft.unlink(missing_ok=True)
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(token.secret)
            draft.replace(self.path)
        except OSError as error:
            raise store_error(error, self.path) from error
        return token

    def remove(self) -> None:
        with suppress(OSError):
            self.path.unlink()


def _place() -> str:
    """This account on this machine since it started. Not from the environment, which anybody can set."""
    try:
        boot = _BOOT.read_text(encoding="ascii").strip()
    except OSError:
        boot = os.uname().nodename
    return f"{os.geteuid()}@{boot}"


def _refused(path: Path, what: str) -> Unauthenticated:
    return Unauthenticated(
        Text(
            f"会话文件 {path} 不可信（{what}）：它必须属于您本人且权限为 0600",
            f"the session file {path} can't be trusted ({what}): it must be yours alone, mode 0600",
        ),
        Text("删除该文件，再执行 wardround login", "remove it, then run wardround login"),
    )
