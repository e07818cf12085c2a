"""What a step comes to on a host: the text for its `sh`."""

from __future__ import annotations

import shlex
from collections.abc import Callable

from orchestrator.model.host import Host
from orchestrator.model.plan import PlannedStep
from orchestrator.model.runbook import Module
from orchestrator.model.shell_text import shell_text, within, words
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
    if step.module is not Module.SCRIPT:
        return shell_text(step.module, arguments)
    return within(arguments.get("chdir"), _script(words(arguments), source))


def _script(line: list[str], source: Callable[[str], bytes]) -> str:
    """Writes the script into a folder of its own, runs it from there, and removes it whatever comes."""
    name, *rest = line
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
