"""What happened, in order, for ever."""

from __future__ import annotations

from enum import StrEnum

from django.db import models


class EventKind(StrEnum):
    """What an event tells of."""

    ROUND_STARTED = "round_started"
    ROUND_FINISHED = "round_finished"
    """Completed, cancelled or interrupted: its data says which."""
    ROUND_REFUSED = "round_refused"
    """The gate said no, and why."""
    PERMIT_REDEEMED = "permit_redeemed"
    HOST_UNREACHABLE = "host_unreachable"
    FINDING_OPENED = "finding_opened"
    FINDING_CLEARED = "finding_cleared"
    FINDING_ASSIGNED = "finding_assigned"
    FINDING_NOTED = "finding_noted"
    FINDING_CLOSED = "finding_closed"
    WAIVER_APPROVED = "waiver_approved"
    WAIVER_ENDED = "waiver_ended"
    """A person ended it before its time."""
    WAIVER_EXPIRED = "waiver_expired"
    """The first round after its time noticed."""


class Event(models.Model):
    """One line of the log. Rows are only added: triggers in the database refuse to change or delete one."""

    sequence = models.BigAutoField(primary_key=True)
    at = models.DateTimeField()
    kind = models.CharField(max_length=32)
    actor = models.CharField(max_length=255)
    proof = models.CharField(max_length=16)
    """A Proof: how it is known who the actor is."""
    subject = models.TextField()
    """What it is about: `round 12`, `his-db01`, `his-db01 disk used_pct /data`."""
    data = models.JSONField()

    class Meta:
        ordering = ("sequence",)
