"""A worker's part in a round that is shared."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Hand:
    """By what right a worker writes into the round of a run."""

    run: int
    fence: int
    """Of its lease."""
    epoch: int | None
    """Of the run, for the worker that has it; None for one that helps."""
