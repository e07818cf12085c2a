"""Which run changes a host."""

from __future__ import annotations

from django.db import models

from orchestrator.records.models.run import Run


class HostClaim(models.Model):
    """At most one run at a time changes a host. Runs that only read take no claim."""

    host = models.CharField(max_length=255, unique=True)
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="claims")
