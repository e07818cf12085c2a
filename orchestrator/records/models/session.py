"""Somebody who is logged in."""

from __future__ import annotations

from django.db import models

from orchestrator.records.models.account import Account


class Session(models.Model):
    """One a person: a new login ends the older."""

    account = models.OneToOneField(Account, on_delete=models.CASCADE, related_name="session")
    token = models.CharField(max_length=64, unique=True)
    """SHA-256 of the token and of the place that it is good for, see `records/sessions.py`."""
    opened_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    """When something was last done in it."""
