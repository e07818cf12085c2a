"""A few hosts of a round under way, which one worker visits."""

from __future__ import annotations

from django.db import models

from orchestrator.records.models.round import Round


class RoundShare(models.Model):
    """Some neighbouring hosts of the round's plan. Rows go when the round is over."""

    round = models.ForeignKey(Round, on_delete=models.CASCADE, related_name="shares", db_index=False)
    start = models.PositiveIntegerField()
    """Place of its first host in the plan."""
    stop = models.PositiveIntegerField()
    """Place after its last one."""
    fence = models.PositiveBigIntegerField(null=True)
    """Of the lease of the worker that has it, or had it and died; null: nobody."""
    taken = models.BooleanField(default=False)
    """Somebody has it or had it: hosts of it may have results."""
    done = models.BooleanField(default=False)
    """Each of its hosts has a result."""

    class Meta:
        constraints = (models.UniqueConstraint(fields=("round", "start"), name="records_share_once"),)
