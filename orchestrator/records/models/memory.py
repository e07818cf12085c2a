"""The commands that a host needed last time."""

from __future__ import annotations

from django.db import models


class Memory(models.Model):
    """Sent ahead in the next round, so that it takes one round trip."""

    runbook = models.CharField(max_length=255)
    host = models.CharField(max_length=255)
    commands = models.JSONField()
    """As execution gave them, its stamp first: it alone decides whether they may be sent again."""

    class Meta:
        constraints = (models.UniqueConstraint(fields=("runbook", "host"), name="records_memory_once"),)
