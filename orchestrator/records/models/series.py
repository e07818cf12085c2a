"""What a row of numbers is about, said once."""

from __future__ import annotations

from django.db import models


class Series(models.Model):
    """One metric of one thing on one host."""

    host = models.CharField(max_length=255)
    task = models.CharField(max_length=255)
    metric = models.CharField(max_length=255)
    subject = models.TextField()
    unit = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("host", "task", "metric", "subject"), name="records_series_once"),
        )
