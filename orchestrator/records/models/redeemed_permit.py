"""A permit that was used, and so is used up."""

from __future__ import annotations

from django.db import models


class RedeemedPermit(models.Model):
    """The primary key is what makes a second use fail."""

    id = models.CharField(max_length=128, primary_key=True)
    plan_digest = models.CharField(max_length=64)
    redeemed_at = models.DateTimeField()
