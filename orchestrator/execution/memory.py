"""The commands that a host needed last time, to be sent ahead: one batch instead of a chain of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.execution.answers import Answers
from orchestrator.model.host import Host
from orchestrator.model.plan import Plan, PlannedHost
from orchestrator.model.question import Command
from orchestrator.planning.digest import digest

COMMANDS = 1000
LENGTH = 8192
"""Beyond these a command is asked when it is needed, and not remembered."""


_MORE = "+"
"""After the stamp: more was asked than is remembered."""


@dataclass(frozen=True, slots=True)
class Recalled:
    """What an earlier round left for this one."""

    commands: tuple[Command, ...]
    whole: bool
    """It is all that was asked: there is no use in attempting a check before these are answered."""


def stamp(plan: Plan, planned: PlannedHost) -> str:
    """What the commands of a host follow from: its checks, every document and file, every version.

    Which commands a check will ask can't be known before it runs. So the commands remembered under one stamp
    are sent ahead under the same stamp alone: then it is the same code with the same parameters that asks,
    and the permit of this round covers it as that of the last round did.
    """
    # Canonical, for a plan that was frozen has its mappings in another order.
    return digest((planned.checks, plan.documents, plan.versions))


def remember(mark: str, answers: Answers, host: Host) -> tuple[str, ...]:
    """What to keep for next time. A command that holds one of the host's secrets is not kept."""
    secrets = [secret.reveal() for secret in host.secrets if secret.reveal()]
    used = answers.used
    kept = [
        f"{command.timeout:g} {command.text}"
        for command in used
        if len(command.text) <= LENGTH and not any(secret in command.text for secret in secrets)
    ]
    whole = len(kept) == len(used) <= COMMANDS and not answers.probed
    return (mark if whole else mark + _MORE, *kept[:COMMANDS])


def recall(mark: str, remembered: Sequence[str]) -> Recalled:
    """What to send ahead: nothing, if it was remembered under another stamp or is not understood."""
    if not remembered or remembered[0] not in (mark, mark + _MORE):
        return Recalled((), False)
    pairs = [line.partition(" ") for line in remembered[1:]]
    try:
        commands = tuple([Command(text, float(timeout)) for timeout, _, text in pairs])
    except ValueError:
        return Recalled((), False)
    return Recalled(commands, bool(commands) and remembered[0] == mark)
