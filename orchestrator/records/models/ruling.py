"""What a person said of an outcome that nobody knew."""

from __future__ import annotations

from django.db import models

from orchestrator.records.models.attempt import Attempt


class Ruling(models.Model):
    """One person, one word on one attempt. An effect of `once` on production takes two that agree."""

    attempt = models.ForeignKey(Attempt, on_delete=models.CASCADE, related_name="rulings", db_index=False)
    decision = models.CharField(max_length=16)
    """A Decision."""
    by = models.CharField(max_length=255)
    proof = models.CharField(max_length=16)
    reason = models.TextField()
    """Masked."""
    at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("attempt", "by"), name="records_ruling_once"),)
