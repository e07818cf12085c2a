"""What a round's numbers said of the days to come, as it was first told."""

from __future__ import annotations

from django.db import models

from orchestrator.records.models.round import Round


class KeptForecasts(models.Model):
    """Trends and forecasts of one round, so that they are worked out once. Gone with its details."""

    round = models.OneToOneField(Round, on_delete=models.CASCADE, primary_key=True, related_name="+")
    content = models.BinaryField()
    """Packed, see `records/kept_forecasts.py`: as plain text it would be as large as the round's results."""
