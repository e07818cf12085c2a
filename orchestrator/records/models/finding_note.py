"""What a person did about a finding, and said of it."""

from __future__ import annotations

from django.db import models

from orchestrator.records.models.finding import Finding


class FindingNote(models.Model):
    """Rows are only added."""

    finding = models.ForeignKey(Finding, on_delete=models.CASCADE, related_name="notes")
    at = models.DateTimeField()
    author = models.CharField(max_length=255)
    proof = models.CharField(max_length=16)
    """A Proof: how it is known who that was."""
    act = models.CharField(max_length=16)
    """An Act."""
    text = models.TextField(blank=True)
    """Masked."""
    owner = models.CharField(max_length=255, blank=True)
    """Whom it was given to, for `assigned`."""
    due_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("pk",)
