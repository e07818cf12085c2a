"""A runbook narrowed to some of its tasks."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from orchestrator.errors import NotFound
from orchestrator.language import Text
from orchestrator.model.near_name import near_names
from orchestrator.model.runbook import Runbook


def only_tasks(runbook: Runbook, ids: Collection[str]) -> Runbook:
    """The same runbook with the tasks of these ids alone, and the plays that hold one; none: all of it.

    Raises:
        NotFound: the runbook has no task of an id.
    """
    if not ids:
        return runbook
    known = list(dict.fromkeys(task.id for play in runbook.plays for task in play.tasks))
    if missing := [name for name in dict.fromkeys(ids) if name not in known]:
        raise NotFound(
            Text(
                f"运行手册 {runbook.name} 中没有任务 {', '.join(missing)}",
                f"the runbook {runbook.name} has no task {', '.join(missing)}",
            ),
            _near(missing[0], known),
        )
    plays = [
        replace(play, tasks=tuple(task for task in play.tasks if task.id in ids)) for play in runbook.plays
    ]
    return replace(runbook, plays=tuple(play for play in plays if play.tasks))


def _near(name: str, known: list[str]) -> Text:
    if near := ", ".join(near_names(name, known)):
        return Text(f"是否指 {near}？", f"did you mean {near}?")
    return Text(f"可用：{', '.join(known)}", f"there are: {', '.join(known)}")
