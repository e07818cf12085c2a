"""A finding that a person accepted for a time."""

from __future__ import annotations

from datetime import datetime

from django.db import models

from orchestrator.records.models.round import Round


class Waiver(models.Model):
    """Kept for good: which one held when follows from its times, so that an old report stays as it was."""

    runbook = models.CharField(max_length=255)
    host = models.CharField(max_length=255)
    task = models.CharField(max_length=255)
    metric = models.CharField(max_length=255)
    """Empty: every metric of the task."""
    subject = models.TextField()
    """Empty: every subject of the metric."""
    covers = models.CharField(max_length=16)
    """`warn` or `crit`: the worst verdict that is accepted."""
    reason = models.TextField()
    """Masked."""
    approver = models.CharField(max_length=255)
    proof = models.CharField(max_length=16)
    """A Proof: how it is known who the approver is."""
    approved_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    """A person ended it before its time; who and why is in the log of events."""
    told_in = models.ForeignKey(Round, on_delete=models.SET_NULL, related_name="+", null=True, db_index=False)
    """The first round over its host after it had expired: that one spoke up."""

    class Meta:
        indexes = (models.Index(fields=("runbook", "host"), name="records_waiver_host"),)

    @property
    def number(self) -> int:
        """What people call it by."""
        return self.pk

    @property
    def ends_at(self) -> datetime:
        return self.ended_at or self.expires_at
