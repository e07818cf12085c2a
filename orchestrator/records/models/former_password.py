"""A password that somebody had, so that it is not chosen again."""

from __future__ import annotations

from django.db import models

from orchestrator.records.models.account import Account


class FormerPassword(models.Model):
    """Hashes only, of the latest few."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="former_passwords")
    password = models.CharField(max_length=128)
