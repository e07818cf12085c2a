"""The seam between execution and a host: connect once, ask in batches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from orchestrator.model.host import Host
from orchestrator.model.question import Answer, Question


class Session(Protocol):
    """One host, connected."""

    async def ask(self, questions: Sequence[Question]) -> Mapping[Question, Answer]:
        """Ask all of them: commands in one batch over one warm shell, probes beside it.

        Every question gets an answer, also when a command hangs, kills its shell or writes too much.

        Raises:
            Unreachable: the connection broke and could not be made again.
        """

    async def close(self) -> None: ...


class Reach(Protocol):
    """The way to all hosts of a round."""

    async def connect(self, host: Host) -> Session:
        """Log in, or use the warm connection.

        Raises:
            Unreachable: with the one reason.
        """

    async def close(self) -> None:
        """End all connections."""
