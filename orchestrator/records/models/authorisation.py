"""What is allowed to somebody, on which system and until when."""

from __future__ import annotations

from django.db import models

from orchestrator.records.models.account import Account


class Authorisation(models.Model):
    """Never deleted: what was allowed at a time can be looked up later."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="authorisations")
    system = models.CharField(max_length=60)
    """A component's slug, or `*`."""
    permission = models.CharField(max_length=32)
    """A Permission."""
    granted_by = models.CharField(max_length=255)
    granted_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=255, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("account", "system", "permission"),
                condition=models.Q(ended_at=None),
                name="records_authorisation_once",
            ),
        )
