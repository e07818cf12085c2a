"""One run at a time changes a host."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from django.db import transaction

from orchestrator.records.database import database_faults
from orchestrator.records.models.host_claim import HostClaim


@database_faults()
def claim_hosts(number: int, hosts: Collection[str]) -> dict[str, int]:
    """Claim all of these hosts for a run, or none.

    Returns:
        Host -> run for each that another run holds; empty: they are ours now. Runs wait for one another
        without claiming a part, so two can't wait in a circle.
    """
    with transaction.atomic():
        names = sorted(hosts)
        HostClaim.objects.bulk_create(
            [HostClaim(host=name, run_id=number) for name in names], ignore_conflicts=True
        )
        held = dict(HostClaim.objects.filter(host__in=names).values_list("host", "run_id"))
        others = {host: run for host, run in held.items() if run != number}
        if others:
            HostClaim.objects.filter(run=number).delete()
    return others


def still_claimed(claims: Mapping[str, int]) -> bool:
    """Whether one of these runs holds its host still. Within the transaction that writes down the wait for
    them: locked, so that whoever gives them back afterwards sees that wait."""
    held = HostClaim.objects.select_for_update().filter(host__in=sorted(claims))
    return any(claims[row.host] == row.run_id for row in held)


@database_faults()
def release_hosts(number: int) -> int:
    """Give back what a run claimed; returns how many hosts those were."""
    return HostClaim.objects.filter(run=number).delete()[0]
