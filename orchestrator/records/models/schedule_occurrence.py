"""One time that a schedule was due, and what became of it."""

from __future__ import annotations

from django.db import models

from orchestrator.records.models.run import Run


class ScheduleOccurrence(models.Model):
    """Every due time is one row, also when nothing ran: what was missed is seen."""

    schedule = models.CharField(max_length=255)
    due_at = models.DateTimeField()
    state = models.CharField(max_length=16)
    """`started`, `queued`, `skipped`, `missed`, `asks`, `declined`."""
    reason = models.JSONField(null=True)
    """`[zh, en]`."""
    decided_at = models.DateTimeField()
    decided_by = models.CharField(max_length=255, blank=True, default="")
    """A person, where one was asked."""
    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="+", null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("schedule", "due_at"), name="records_occurrence_once"),
        )
        # Every second it is asked which of them wait: next to none.
        indexes = (models.Index(fields=("state", "schedule"), name="records_occurrence_state"),)
