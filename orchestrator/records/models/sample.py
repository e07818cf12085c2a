"""One number at one time."""

from __future__ import annotations

from django.db import models

from orchestrator.records.models.series import Series


class Sample(models.Model):
    """Kept for trends, apart from the results."""

    series = models.ForeignKey(Series, on_delete=models.CASCADE, related_name="samples", db_index=False)
    at = models.BigIntegerField()
    """Whole seconds since 1970: a quarter of a datetime's bytes, in the table and again in its index."""
    value = models.FloatField()

    class Meta:
        indexes = (models.Index(fields=("series", "at"), name="records_sample_trend"),)
