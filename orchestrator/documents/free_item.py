"""Free commands, SQL and site Python in a runbook, and whether somebody accepted each of them.

Planning and lint ask the same two functions, so that what lint lets pass a plan does not refuse.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from orchestrator.documents.accepted import acceptance_digest
from orchestrator.documents.findings import shown
from orchestrator.documents.script_file import read_script, script_words
from orchestrator.documents.site_python import read_site_python
from orchestrator.errors import Diagnostic, Position
from orchestrator.language import Text
from orchestrator.model.effect import Effect
from orchestrator.model.plan import Acceptance
from orchestrator.model.runbook import ActionTask, CheckTask, Module, Runbook, Task
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
    """What is accepted: the text, or the bytes of the file that it names."""
    file: str = ""
    """The file that it names, relative to the runbook; "" where the text itself is what runs."""
    effect: Effect = Effect.READ
    """What the runbook takes it for. Whatever may be taken for `once` needs nobody's word."""
    fault: Diagnostic | None = None
    """Why there is nothing to accept: the file is missing, lacks the function, or lies elsewhere."""

    @property
    def digest(self) -> str:
        return acceptance_digest(self.content)

    @property
    def what(self) -> str:
        """What a person reads in the file of acceptances."""
        return self.file or self.text


def free_items(runbook: Runbook, checks: Registry[CheckPlugin]) -> tuple[FreeItem, ...]:
    """Every free parameter of `runbook`, in order. Site Python is read from beside `runbook.path`."""
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
    """What stands between these items and an inspection: nobody's word that they only read."""
    effects = {acceptance.digest: acceptance.effect for acceptance in acceptances}
    found = []
    for item in items:
        if item.fault is not None:
            found.append(item.fault)
        elif not _covers(effects.get(item.digest, Effect.ONCE), item.effect):
            found.append(_refuse(item, effects.get(item.digest)))
    return found


def _covers(accepted: Effect, taken: Effect) -> bool:
    return list(Effect).index(accepted) <= list(Effect).index(taken)


def _refuse(item: FreeItem, effect: Effect | None) -> Diagnostic:
    what = shown(item.text)
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
    name = "argv" if "argv" in task.arguments else "cmd"
    item = _text(task, name)
    if task.module is Module.SCRIPT:
        item = _with_file(item, *read_script(folder, item.text, item.position))
    elif "chdir" in task.arguments:
        item = _within(item, str(task.arguments["chdir"]))
    items = [replace(item, effect=effect)]
    if item.file and (len(script_words(item.text)) > 1 or "chdir" in task.arguments):
        # Its arguments and its folder are as much a part of what it does as its bytes.
        line = _text(task, "cmd")
        if "chdir" in task.arguments:
            line = _within(line, str(task.arguments["chdir"]))
        items.append(replace(line, effect=effect))
    if task.verify is not None:
        text = task.verify
        items.append(FreeItem(task.id, task.module, "verify", text, task.position, text.encode()))
    return items


def _within(item: FreeItem, folder: str) -> FreeItem:
    """The same text does another thing in another folder. A script's bytes are accepted by themselves."""
    if item.file:
        return item
    text = f"cd {folder}\n{item.text}"
    return replace(item, text=text, content=text.encode())


def _text(task: Task, name: str) -> FreeItem:
    value = task.arguments[name]
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
    position = task.argument_positions.get(name, task.position)
    what = task.check if isinstance(task, CheckTask) else task.module
    return FreeItem(task.id, what, name, text, position, text.encode())


def _with_file(item: FreeItem, file: str, content: bytes | Diagnostic) -> FreeItem:
    if isinstance(content, Diagnostic):
        return replace(item, content=b"", file=file, fault=content)
    return replace(item, content=content, file=file)
