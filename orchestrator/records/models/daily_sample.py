"""The numbers of one day, once the single ones are too old to be kept."""

from __future__ import annotations

from django.db import models

from orchestrator.records.models.series import Series


class DailySample(models.Model):
    """One series and day of the site's time zone."""

    series = models.ForeignKey(Series, on_delete=models.CASCADE, related_name="daily_samples", db_index=False)
    at = models.BigIntegerField()
    """When the day began, in whole seconds since 1970."""
    count = models.PositiveIntegerField()
    low = models.FloatField()
    high = models.FloatField()
    mean = models.FloatField()
    last = models.FloatField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("series", "at"), name="records_day_once"),)
