"""What the command's exit code says; docs/reference/cli.md tells users the same."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum

from orchestrator.model.round import RoundState
from orchestrator.model.verdict import Verdict


class ExitCode(IntEnum):
    """Stable: scripts depend on it."""

    OK = 0
    """Everything was looked at, and all of it is well."""
    FINDINGS = 1
    """Everything was looked at, and something is beyond its limits."""
    USAGE = 2
    """A usage or document error; nothing was done."""
    UNKNOWN = 3
    """Something could not be looked at: this outranks findings, because worse may hide behind it."""
    OWN_FAULT = 4
    """Our own fault, or the database can't be used."""
    CANCELLED = 130
    """Ctrl-C, as shells count it (128 + SIGINT)."""


def of_round(state: RoundState, counts: Mapping[Verdict, int]) -> ExitCode:
    """The exit code of a round."""
    if state is RoundState.CANCELLED:
        return ExitCode.CANCELLED
    if counts.get(Verdict.UNKNOWN) or counts.get(Verdict.NOT_RUN) or state is not RoundState.COMPLETED:
        return ExitCode.UNKNOWN
    if counts.get(Verdict.CRIT) or counts.get(Verdict.WARN):
        return ExitCode.FINDINGS
    return ExitCode.OK
