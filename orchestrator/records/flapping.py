"""Things that come and go."""

from __future__ import annotations

from django.db.models import Count, Q

from orchestrator.model.round import RoundState
from orchestrator.records.models.finding import Finding
from orchestrator.records.models.round import Round
from orchestrator.records.sighting import Identity

ROUNDS = 14
"""A week of two rounds a day (domain.md 3.1)."""
OFTEN = 3
"""Coming up twice in a week may be chance, or one repair that did not hold."""


def flapping(row: Round) -> dict[Identity, int]:
    """What came up `OFTEN` or more times within the last `ROUNDS` rounds up to this one, and how often.

    Counted are findings that were opened; one that stays is opened once. Rounds that were narrowed or did
    not complete are left out.
    """
    whole = Q(state=RoundState.COMPLETED) | Q(pk=row.pk)
    rounds = Round.objects.filter(whole, runbook=row.runbook, partial=False, pk__lte=row.pk)
    window = list(rounds.order_by("-pk").values_list("pk", flat=True)[:ROUNDS])
    opened = Finding.objects.filter(first_seen__in=window).values_list("host", "task", "metric", "subject")
    often = opened.annotate(times=Count("pk")).filter(times__gte=OFTEN)
    return {Identity(host, task, metric, subject): times for host, task, metric, subject, times in often}
