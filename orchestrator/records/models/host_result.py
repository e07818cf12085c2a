"""One host of one round."""

from __future__ import annotations

from django.db import models

from orchestrator.records.models.round import Round


class HostResult(models.Model):
    """All results of a host in one row: a row a check would be the database's largest table by far.

    What was to be looked at (titles, layers, address, groups) is said once, in the round's scope.
    """

    round = models.ForeignKey(Round, on_delete=models.CASCADE, related_name="host_results", db_index=False)
    host = models.CharField(max_length=255)
    verdict = models.CharField(max_length=16)
    """The worst of its checks."""
    failure_reason = models.CharField(max_length=32, blank=True)
    """An UnreachableReason; empty when the host was reached."""
    failure = models.JSONField(null=True)
    """`{"detail": [zh, en], "hint": [zh, en] | null}`."""
    started_at = models.DateTimeField()
    seconds = models.FloatField()
    batches = models.PositiveIntegerField()
    results = models.TextField()
    """Compact JSON, see `records/result_text.py`. Masked."""

    class Meta:
        constraints = (models.UniqueConstraint(fields=("round", "host"), name="records_host_once_a_round"),)
