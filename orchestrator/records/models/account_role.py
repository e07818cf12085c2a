"""A role that somebody holds."""

from __future__ import annotations

from django.db import models

from orchestrator.model.person import ADMINISTRATORS
from orchestrator.records.models.account import Account


class AccountRole(models.Model):
    """The database itself holds the three administrators apart; business roles are held apart from them
    where roles are given."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="roles")
    role = models.CharField(max_length=32)
    """A Role."""

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("account", "role"), name="records_role_once"),
            models.UniqueConstraint(
                fields=("account",),
                condition=models.Q(role__in=sorted(ADMINISTRATORS)),
                name="records_one_administrator_role",
            ),
        )
