"""A stretch of old events that moved out of the database into a signed file."""

from __future__ import annotations

from django.db import models


class Segment(models.Model):
    """Rows are only added. The database lets go of no event that none of them covers."""

    first = models.BigIntegerField(unique=True)
    last = models.BigIntegerField(unique=True)
    """Sequence numbers, both within."""
    previous = models.CharField(max_length=80, blank=True)
    """Hash of the event before the first; empty for the very first."""
    hash = models.CharField(max_length=80)
    """Of the last event: the chain goes on from it."""
    file = models.CharField(max_length=255)
    """Its name in the folder of segments."""
    digest = models.CharField(max_length=64)
    """SHA-256 of the file."""
    sealed_at = models.DateTimeField()

    class Meta:
        ordering = ("first",)
