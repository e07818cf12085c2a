"""The text that a host's `sh` is given for a task: what a person accepts, and what runs."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from orchestrator.model.runbook import Module


def shell_text(module: Module, arguments: Mapping[str, object]) -> str:
    """What `command` and `shell` come to.

    Raises:
        ValueError: a quote is not closed.
    """
    text = shlex.join(words(arguments)) if module is Module.COMMAND else str(arguments["cmd"])
    return within(arguments.get("chdir"), text)


def words(arguments: Mapping[str, object]) -> list[str]:
    """A program and its arguments. Raises ValueError where a quote is not closed."""
    argv = arguments.get("argv")
    return [str(word) for word in argv] if isinstance(argv, list) else shlex.split(str(arguments["cmd"]))


def within(folder: object, text: str) -> str:
    """`text`, begun in another folder; None: where the login begins."""
    return text if folder is None else f"cd -- {shlex.quote(str(folder))} || exit\n{text}"
