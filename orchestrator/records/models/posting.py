"""A leg that is due."""

from __future__ import annotations

from django.db import models

from orchestrator.records.models.run import Run


class Posting(models.Model):
    """Says that a run is to be advanced. Written in the same transaction as what makes it so, and gone when a
    leg that began later has returned. The engine's own store is made from these rows, and can be lost."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="postings")
    key = models.CharField(max_length=100, unique=True)
    """What it is for (`run 12 requested`). Posted again it takes the place of the one before."""
    rank = models.PositiveSmallIntegerField()
    not_before = models.DateTimeField(null=True)
    posted_at = models.DateTimeField()
    handed = models.BooleanField(default=False)
    """The engine has it."""

    class Meta:
        indexes = (
            models.Index(fields=("rank", "id"), condition=models.Q(handed=False), name="records_posting_new"),
        )
