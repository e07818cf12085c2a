"""What happened in a run, in order, for whoever follows it."""

from __future__ import annotations

from django.db import models

from orchestrator.records.models.run import Run


class RunEvent(models.Model):
    """Not the log of decisions, which is chained and kept: these are many, and go with their run."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="events", db_index=False)
    sequence = models.PositiveIntegerField()
    """Counts from 1 within the run, without a gap."""
    at = models.DateTimeField()
    kind = models.CharField(max_length=24)
    host = models.CharField(max_length=255, blank=True, default="")
    task = models.CharField(max_length=255, blank=True, default="")
    data = models.TextField()
    """Canonical JSON, masked."""

    class Meta:
        constraints = (models.UniqueConstraint(fields=("run", "sequence"), name="records_run_event_once"),)
