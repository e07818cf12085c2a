"""A schedule that somebody paused."""

from __future__ import annotations

from django.db import models


class SchedulePause(models.Model):
    """The last one of a schedule, also when it is over: due times within it were left out on purpose.
    Who began and ended it is in the log of events."""

    schedule = models.CharField(max_length=255, unique=True)
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)
    """None: until somebody resumes it."""
    by = models.CharField(max_length=255)
    proof = models.CharField(max_length=16)
    reason = models.TextField()
