"""One run."""

from __future__ import annotations

from django.db import models

from orchestrator.records.models.round import Round


class Run(models.Model):
    """A runbook that somebody or a schedule asked for, from the request to its end."""

    key = models.CharField(max_length=64, unique=True)
    """Drawn by whoever asked: asking twice makes one run."""
    runbook = models.CharField(max_length=255)
    title = models.TextField(blank=True)
    kind = models.CharField(max_length=16)
    state = models.CharField(max_length=16)
    """A RunState."""
    wait = models.CharField(max_length=16, blank=True, default="")
    """A Wait, while it waits."""
    reason = models.JSONField(null=True)
    """`[zh, en]`: why it waits, was refused or ended as it did."""
    until = models.DateTimeField(null=True)
    priority = models.PositiveSmallIntegerField()
    """Lower goes first."""
    actor = models.CharField(max_length=255)
    proof = models.CharField(max_length=16)
    """A Proof: how it is known who asked."""
    requested_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    host_limit = models.TextField(blank=True, default="")
    """The pattern that narrows it; empty: none."""
    inventory = models.JSONField(default=list)
    """Paths instead of the site's inventory."""
    tasks = models.JSONField(default=list)
    """Ids of the only tasks of an inspection."""
    hosts = models.PositiveIntegerField(default=0)
    effect = models.CharField(max_length=16, blank=True, default="")
    plan_digest = models.CharField(max_length=64, blank=True, default="")
    frozen = models.CharField(max_length=64, blank=True, default="")
    """SHA-256 of the frozen plan in the content store."""
    permit = models.CharField(max_length=64, blank=True, default="")
    round = models.OneToOneField(Round, on_delete=models.PROTECT, related_name="run", null=True)
    executor = models.CharField(max_length=255, blank=True, default="")
    epoch = models.PositiveIntegerField(default=0)
    """Grows each time a worker takes it up; whoever writes with an older one is fenced."""
    cancel_requested_at = models.DateTimeField(null=True)
    cancel_requested_by = models.CharField(max_length=255, blank=True, default="")
    schedule = models.CharField(max_length=255, blank=True, default="")
    due_at = models.DateTimeField(null=True)
    retry_of = models.ForeignKey(
        "self", on_delete=models.PROTECT, related_name="+", null=True, db_index=False
    )
    last_event = models.PositiveIntegerField(default=0)
    """Sequence of its latest event."""

    class Meta:
        indexes = (models.Index(fields=("state", "priority", "id"), name="records_run_waiting"),)

    @property
    def number(self) -> int:
        """What people call it by."""
        return self.pk
