"""What is wrong somewhere, from the round that first saw it to the one that saw it gone."""

from __future__ import annotations

from django.db import models

from orchestrator.records.models.round import Round


class Finding(models.Model):
    """One stretch of time. The same thing going wrong again later is another row.

    It belongs to the runbook whose round saw it first, but for a host that can't be reached: that is the same
    whoever looks.
    """

    fingerprint = models.CharField(max_length=32)
    """See `Identity.fingerprint`."""
    host = models.CharField(max_length=255)
    task = models.CharField(max_length=255)
    """Empty: the host could not be reached."""
    metric = models.CharField(max_length=255)
    """Empty: the check as a whole gave no answer."""
    subject = models.TextField()
    verdict = models.CharField(max_length=16)
    """As last seen; `waived` while a waiver covers it."""
    value = models.JSONField(null=True)
    """As last seen: a number or a word."""
    first_seen = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="+", db_index=False)
    last_seen = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="+", db_index=False)
    cleared_in = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="+", null=True)
    """The round in which a check saw it gone. Not having looked clears nothing."""
    owner = models.CharField(max_length=255, blank=True, default="")
    """Account of whoever looks after it; empty for nobody."""
    due_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    """When a person said that it is done with: only ever after a check saw it gone."""
    closed_by = models.CharField(max_length=255, blank=True, default="")
    closed_proof = models.CharField(max_length=16, blank=True, default="")

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("fingerprint",), condition=models.Q(cleared_in=None), name="records_finding_open_once"
            ),
        )
        indexes = (
            models.Index(fields=("host", "cleared_in"), name="records_finding_host"),
            # How often a thing came up of late, and what else is about it.
            models.Index(fields=("first_seen",), name="records_finding_opened"),
            models.Index(fields=("fingerprint",), name="records_finding_same"),
        )

    @property
    def number(self) -> int:
        """What people call it by."""
        return self.pk
