"""One attempt at one task on one host: the journal."""

from __future__ import annotations

from django.db import models

from orchestrator.records.models.run import Run


class Attempt(models.Model):
    """Committed before anything leaves; filled in when it is known what came of it."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="attempts", db_index=False)
    host = models.CharField(max_length=255)
    task = models.CharField(max_length=255)
    number = models.PositiveSmallIntegerField()
    effect = models.CharField(max_length=16)
    token = models.CharField(max_length=64, unique=True)
    """By which the launcher on the host knows it."""
    spool = models.CharField(max_length=64, blank=True, default="")
    """Identity of the spool on the host that claimed it; empty until it is known."""
    state = models.CharField(max_length=16)
    """A TaskState."""
    rc = models.IntegerField(null=True)
    reason = models.JSONField(null=True)
    """`[zh, en]`."""
    stdout = models.TextField(blank=True, default="")
    """The last of it, masked."""
    stderr = models.TextField(blank=True, default="")
    output = models.CharField(max_length=255, blank=True, default="")
    """Folder below the state folder that holds all of it."""
    intended_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    seconds = models.FloatField(default=0.0)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("run", "host", "task", "number"), name="records_attempt_once"),
        )
