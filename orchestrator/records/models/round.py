"""One inspection round."""

from __future__ import annotations

from collections import Counter

from django.db import models

from orchestrator.model.actor import Actor, Proof
from orchestrator.model.round import RoundState
from orchestrator.model.verdict import Verdict


class Round(models.Model):
    """A runbook carried out once. Its counts grow with each recorded host, so they hold after a crash."""

    runbook = models.CharField(max_length=255)
    title = models.TextField()
    kind = models.CharField(max_length=16)
    plan_digest = models.CharField(max_length=64)
    frozen = models.CharField(max_length=64, blank=True)
    """SHA-256 of the frozen plan in the content store; empty where none was frozen."""
    state = models.CharField(max_length=16)
    """A RoundState."""
    actor = models.CharField(max_length=255)
    """Who or what started it."""
    proof = models.CharField(max_length=16)
    """A Proof: how it is known who that was."""
    partial = models.BooleanField(default=False)
    """Narrowed to some hosts or tasks, so that no later round is compared with it."""
    version = models.CharField(max_length=64)
    """Of the program."""
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    """Unknown for an interrupted round: nobody was there to see it end."""
    scope = models.TextField()
    """What it set out to look at, see `records/scope.py`. Large: left out of lists."""
    hosts = models.PositiveIntegerField()
    """Planned."""
    checks = models.PositiveIntegerField()
    """Planned, over all hosts."""
    hosts_done = models.PositiveIntegerField(default=0)
    hosts_unreachable = models.PositiveIntegerField(default=0)
    ok = models.PositiveIntegerField(default=0)
    warn = models.PositiveIntegerField(default=0)
    crit = models.PositiveIntegerField(default=0)
    unknown = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0)
    waived = models.PositiveIntegerField(default=0)
    details_removed_at = models.DateTimeField(null=True)
    """When retention removed its host results and scope; the counts stay."""

    class Meta:
        indexes = (models.Index(fields=("runbook", "state", "-id"), name="records_round_before"),)

    @property
    def number(self) -> int:
        """What people call it by."""
        return self.pk

    @property
    def started_by(self) -> Actor:
        return Actor(self.actor, Proof(self.proof))

    @property
    def round_state(self) -> RoundState:
        return RoundState(self.state)

    @property
    def counts(self) -> Counter[Verdict]:
        """Of its checks, as they were counted when they were recorded."""
        counted = {verdict: getattr(self, verdict.value) for verdict in Verdict}
        return Counter({verdict: number for verdict, number in counted.items() if number})

    @property
    def due(self) -> int:
        return self.checks - self.skipped

    @property
    def done(self) -> int:
        return self.ok + self.warn + self.crit + self.waived

    @property
    def not_run(self) -> int:
        """Whatever was planned and has no result."""
        return self.due - self.done - self.unknown
