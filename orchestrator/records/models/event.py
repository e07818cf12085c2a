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
    CHAIN_STARTED = "chain_started"
    """The events before it were recorded by a version that had no chain, and were chained afterwards."""
    CHAIN_RESTARTED = "chain_restarted"
    """Somebody took note of a break in the chain; its data says what was found."""
    SEGMENT_SEALED = "segment_sealed"
    """Old events moved from the database into a signed file."""
    DATABASE_RESTORED = "database_restored"
    """An earlier state came back; its data names the head before, and so what was lost."""
    DATABASE_BACKED_UP = "database_backed_up"
    DATABASE_TIDIED = "database_tidied"
    """What was too old was removed; its data says how much."""
    ACCOUNT_MADE = "account_made"
    ACCOUNT_BLOCKED = "account_blocked"
    ACCOUNT_UNBLOCKED = "account_unblocked"
    """Or its lock was lifted before its time."""
    ACCOUNT_LOCKED = "account_locked"
    """Too many failed logins."""
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - a kind of event
    PASSWORD_RESET = "password_reset"  # noqa: S105 - a kind of event
    SECOND_FACTOR_ENROLLED = "second_factor_enrolled"
    SECOND_FACTOR_RESET = "second_factor_reset"
    LOGGED_IN = "logged_in"
    LOGGED_OUT = "logged_out"
    LOGIN_REFUSED = "login_refused"
    """Its data says why; the person at the terminal is not told."""
    ROLE_GIVEN = "role_given"
    ROLE_TAKEN = "role_taken"
    AUTHORISATION_GRANTED = "authorisation_granted"
    AUTHORISATION_REVOKED = "authorisation_revoked"
    DECISION_DENIED = "decision_denied"
    """Somebody wanted to decide what they may not."""


class Event(models.Model):
    """One line of the log. Rows are only added: triggers in the database refuse to change one, and to delete
    one that no segment covers. Only `append_events` makes them."""

    sequence = models.BigAutoField(primary_key=True)
    """Counted by us, from 1. A number is left out only where a restored or restarted log tells which."""
    at = models.DateTimeField()
    kind = models.CharField(max_length=32)
    actor = models.CharField(max_length=255)
    proof = models.CharField(max_length=16)
    """A Proof: how it is known who the actor is."""
    subject = models.TextField()
    """What it is about: `round 12`, `his-db01`, `his-db01 disk used_pct /data`."""
    data = models.TextField()
    """Canonical JSON. As text, because jsonb would write numbers its own way, and the hash would not hold."""
    hash = models.CharField(max_length=80)
    """Over the event before and this one, with its algorithm: `sm3:...`. See `records/event_hash.py`."""

    class Meta:
        ordering = ("sequence",)
