"""What the demo writes down about itself, and the folder that this record makes its own."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Self

from orchestrator.demo.isolation import Isolation
from orchestrator.errors import Busy, InputError
from orchestrator.language import Text

_FILE = "demo.json"


@dataclass(frozen=True, slots=True)
class StageRecord:
    """What must be known to go on with a demo, or to end it."""

    isolation: Isolation
    ssh_port: int
    ports: Mapping[str, int]
    """Host name -> port of its service."""
    day: int = 0
    """How many times the engineers have been at work since the demo began."""
    made_run_sshd: bool = False
    """Whether /run/sshd is ours, to be removed."""

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """The record in `folder`; None where no demo lives."""
        try:
            content = (folder / _FILE).read_bytes()
            if not content:
                return None  # a beginning that got no further
            found = json.loads(content)
            return cls(**{**found, "isolation": Isolation(found["isolation"])})
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise InputError(
                Text(
                    f"演示目录的记录损坏：{folder / _FILE}", f"the demo's record is damaged: {folder / _FILE}"
                ),
                Text("先执行 wardround demo down", "run: wardround demo down"),
            ) from error

    def write(self, folder: Path) -> None:
        new = folder / f"{_FILE}.new"
        new.write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")
        new.replace(folder / _FILE)

    def on_day(self, day: int) -> Self:
        return replace(self, day=day)


def claim(folder: Path) -> None:
    """Make `folder`, or make sure that it is empty or a demo's: a demo's folder is removed in the end.

    Raises:
        InputError: it holds something else, or can't be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o711)
        foreign = not is_demo(folder) and any(item.name != ".lock" for item in folder.iterdir())
    except OSError as error:
        raise InputError(
            Text(
                f"无法使用演示目录 {folder}：{error.strerror}", f"can't use the demo folder {folder}: {error}"
            ),
            Text("用 WARDROUND_DEMO_HOME 指定另一个目录", "name another one in WARDROUND_DEMO_HOME"),
        ) from error
    if foreign:
        raise InputError(
            Text(
                f"{folder} 里有别的文件，不能作演示目录",
                f"{folder} holds other files and can't be the demo's",
            ),
            Text("用 WARDROUND_DEMO_HOME 指定一个空目录", "name an empty folder in WARDROUND_DEMO_HOME"),
        )
    (folder / _FILE).touch()


def is_demo(folder: Path) -> bool:
    """Whether a demo lives, or began to live, in `folder`."""
    return (folder / _FILE).exists()


def disclaim(folder: Path) -> None:
    """The last act of removing a demo: until now an interrupted removal could be taken up again."""
    for name in (f"{_FILE}.new", _FILE, ".lock"):
        (folder / name).unlink(missing_ok=True)
    folder.rmdir()
    if folder.parent.name == "wardround":
        with suppress(OSError):
            folder.parent.rmdir()  # unless something else lives there


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep others from starting or ending the same demo meanwhile.

    Raises:
        Busy: somebody is at it.
    """
    with (folder / ".lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy(
                Text(
                    "另一个命令正在启动或清理演示医院",
                    "another command is starting or ending the demo hospital",
                )
            ) from None
        yield
