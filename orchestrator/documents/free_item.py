"""Free commands, SQL, scripts and site Python in a runbook, and whether somebody accepted each of them.

Planning and lint ask the same two functions, so that what lint lets pass a plan does not refuse.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from orchestrator.documents.accepted import acceptance_digest
from orchestrator.documents.action_part import VERIFY
from orchestrator.documents.findings import shown
from orchestrator.documents.script_file import read_script
from orchestrator.documents.site_python import read_site_python
from orchestrator.errors import Diagnostic, Position
from orchestrator.language import Text
from orchestrator.model.effect import Effect
from orchestrator.model.plan import Acceptance
from orchestrator.model.runbook import ActionTask, CheckTask, Module, Runbook, Task
from orchestrator.model.shell_text import shell_text, within
from orchestrator.plugin.check import CheckPlugin
from orchestrator.plugin.registry import Registry


@dataclass(frozen=True, slots=True)
class FreeItem:
    """One parameter that holds what no plugin vouches for."""

    task: str
    """Id of its task."""
    check: str
    """The check's name, or the module's."""
    parameter: str
    text: str
    """As written: the command, the statement, or `files/x.py::test_name`."""
    position: Position
    content: bytes
    """What is accepted: the text, the bytes of the file that it names, or both with a NUL between them."""
    effect: Effect = Effect.READ
    """What the runbook takes it for. Whatever is taken for `once` needs nobody's word."""
    file: str = ""
    """The file that it names, relative to the runbook; "" where the text itself is what runs."""
    source: bytes = b""
    """That file's bytes."""
    fault: Diagnostic | None = None
    """Why there is nothing to accept: the file is missing, lacks the function, or lies elsewhere."""

    @property
    def digest(self) -> str:
        return acceptance_digest(self.content)

    @property
    def what(self) -> str:
        """What a person reads in the file of acceptances."""
        if self.check == Module.SCRIPT:
            return self.text
        return self.file or self.text

    @property
    def shown(self) -> str:
        """What a person reads before accepting it."""
        return self.content.decode("utf-8", "replace").replace("\0", "\n").rstrip()


def free_items(runbook: Runbook, checks: Registry[CheckPlugin]) -> tuple[FreeItem, ...]:
    """What somebody must accept in `runbook`, in order, and the scripts that nobody need accept, for their
    files. Files are read from beside `runbook.path`."""
    folder = Path(runbook.path).parent
    return tuple(
        item
        for play in runbook.plays
        for task in play.tasks
        for item in (
            _of_check(task, checks, folder) if isinstance(task, CheckTask) else _of_action(task, folder)
        )
    )


def unaccepted(items: Iterable[FreeItem], acceptances: Sequence[Acceptance]) -> list[Diagnostic]:
    """What stands between these items and a plan: nobody's word that they are what they are taken for."""
    found = []
    for item in items:
        if item.fault is not None:
            found.append(item.fault)
        elif item.effect is not Effect.ONCE and accepted_by(item, acceptances) is None:
            found.append(_refuse(item, acceptances))
    return found


def accepted_by(item: FreeItem, acceptances: Iterable[Acceptance]) -> Acceptance | None:
    """The acceptance that lets it be what the runbook takes it for: as that, or as less."""
    return next(
        (one for one in acceptances if one.digest == item.digest and _covers(one.effect, item.effect)), None
    )


def _covers(accepted: Effect, taken: Effect) -> bool:
    return list(Effect).index(accepted) <= list(Effect).index(taken)


def _refuse(item: FreeItem, acceptances: Iterable[Acceptance]) -> Diagnostic:
    what = shown(item.text)
    effect = next((one.effect for one in acceptances if one.digest == item.digest), None)
    if effect is not None:
        message = Text(
            f"“{what}”被认可为 {effect}，这里须是 {item.effect}",
            f"'{what}' is accepted as {effect}; here it must be {item.effect}",
        )
    elif item.effect is Effect.READ:
        message = Text(f"“{what}”尚未被认可为只读", f"nobody has accepted that '{what}' only reads")
    else:
        message = Text(
            f"“{what}”尚未被认可为 {item.effect}（可重复执行）",
            f"nobody has accepted that '{what}' may be done again ({item.effect})",
        )
    hint = Text(
        "由另一人审阅后执行 wardround runbook accept RUNBOOK",
        "a second person reads it, then runs wardround runbook accept RUNBOOK",
    )
    return Diagnostic(item.position, "not-accepted", message, hint)


def _of_check(task: CheckTask, checks: Registry[CheckPlugin], folder: Path) -> list[FreeItem]:
    spec = checks.get(task.check).spec
    names = [name for name in spec.free if name in task.arguments]
    items = [_text(task, name) for name in names]
    if not spec.site_python:
        return items
    return [_with_file(item, *read_site_python(folder, item.text, item.position)) for item in items]


def _of_action(task: ActionTask, folder: Path) -> list[FreeItem]:
    if not task.module.reaches:
        return []
    effect = task.effect or Effect.ONCE
    items = []
    if task.module is Module.SCRIPT:
        items.append(replace(_script(task, folder), effect=effect))
    elif effect is not Effect.ONCE:
        items.append(replace(_line(task), effect=effect))
    if task.verify is not None:
        position = task.argument_positions.get(VERIFY, task.position)
        items.append(
            FreeItem(task.id, task.module, VERIFY, task.verify, position, task.verify.encode(), Effect.READ)
        )
    return items


def _line(task: ActionTask) -> FreeItem:
    """Accepted is the very text that the host's `sh` is given: its folder and quotes are in it."""
    name = "argv" if "argv" in task.arguments else "cmd"
    text = shell_text(task.module, task.arguments)
    position = task.argument_positions.get(name, task.position)
    return FreeItem(task.id, task.module, name, text, position, text.encode())


def _script(task: ActionTask, folder: Path) -> FreeItem:
    """Accepted are the file's bytes together with its name, its arguments and its folder."""
    cmd = str(task.arguments["cmd"])
    position = task.argument_positions.get("cmd", task.position)
    item = FreeItem(task.id, task.module, "cmd", within(task.arguments.get("chdir"), cmd), position, b"")
    item = _with_file(item, *read_script(folder, cmd, position))
    # A NUL can stand in neither of the two: what is before it is never taken for a part of the script.
    return replace(item, content=item.text.encode() + b"\0" + item.source)


def _text(task: Task, name: str) -> FreeItem:
    value = task.arguments[name]
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
    position = task.argument_positions.get(name, task.position)
    what = task.check if isinstance(task, CheckTask) else task.module
    return FreeItem(task.id, what, name, text, position, text.encode())


def _with_file(item: FreeItem, file: str, content: bytes | Diagnostic) -> FreeItem:
    if isinstance(content, Diagnostic):
        return replace(item, content=b"", file=file, fault=content)
    return replace(item, content=content, file=file, source=content)
