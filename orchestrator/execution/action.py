"""What a step comes to on a host: the text for its `sh`."""

from __future__ import annotations

import shlex
from collections.abc import Callable

from orchestrator.model.host import Host
from orchestrator.model.plan import PlannedStep
from orchestrator.model.runbook import Module
from orchestrator.planning.secrets import reveal


def command_text(step: PlannedStep, host: Host, source: Callable[[str], bytes]) -> str:
    """The text that does it. Secrets are rendered here: it is for the host alone, never for a record.

    Args:
        source: a file of the frozen plan, by its path beside the runbook.

    Raises:
        InputError: a template uses what the host does not have.
        CannotTell: a file is not the one that was planned.
    """
    arguments = {
        name: reveal(value, host) if name in step.secret else value for name, value in step.arguments.items()
    }
    text = _line(step.module, arguments, source)
    if folder := arguments.get("chdir"):
        return f"cd -- {shlex.quote(str(folder))} || exit\n{text}"
    return text


def _line(module: Module, arguments: dict[str, object], source: Callable[[str], bytes]) -> str:
    match module:
        case Module.COMMAND:
            argv = arguments.get("argv")
            words = (
                [str(word) for word in argv] if isinstance(argv, list) else shlex.split(str(arguments["cmd"]))
            )
            return shlex.join(words)
        case Module.SCRIPT:
            return _script(shlex.split(str(arguments["cmd"])), source)
    return str(arguments["cmd"])


def _script(words: list[str], source: Callable[[str], bytes]) -> str:
    """Writes the script into a folder of its own, runs it from there, and removes it whatever comes."""
    name, *rest = words
    content = source(name).decode()
    file = shlex.quote(name.rpartition("/")[2])
    return (
        "umask 077\n"
        "wardround_folder=$(mktemp -d) || exit\n"
        "trap 'rm -rf \"$wardround_folder\"' EXIT\n"
        f'printf %s {shlex.quote(content)} >"$wardround_folder"/{file} || exit\n'
        f'chmod 700 "$wardround_folder"/{file} || exit\n'
        f'"$wardround_folder"/{file} {shlex.join(rest)}\n'
    )
