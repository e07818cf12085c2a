"""Accepting free commands, SQL, scripts and site Python: a second person's word for what they do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from orchestrator.application.clock import Clock
from orchestrator.application.people import People
from orchestrator.application.runbooks import find_runbook, read_all_acceptances
from orchestrator.documents.accepted import append_acceptance
from orchestrator.documents.file import read_file
from orchestrator.documents.free_item import FreeItem, free_items, unaccepted
from orchestrator.documents.runbook import read_runbook
from orchestrator.documents.site import acceptance_file
from orchestrator.errors import InputError, InvalidDocument
from orchestrator.language import Text
from orchestrator.model.effect import Effect
from orchestrator.model.person import Permission
from orchestrator.model.plan import Acceptance
from orchestrator.model.site import Site
from orchestrator.plugin.check import CheckPlugin
from orchestrator.plugin.registry import Registry
from orchestrator.records.acceptances import record_acceptances
from orchestrator.records.masking import Masker
from orchestrator.records.site_key import site_key


class Acceptances:
    """What a site's people have accepted, and what waits for them. Its database is open."""

    def __init__(self, site: Site, checks: Registry[CheckPlugin], people: People, clock: Clock) -> None:
        self._site = site
        self._checks = checks
        self._people = people
        self._clock = clock

    def waiting(self, name: str) -> tuple[FreeItem, ...]:
        """The free items of runbook `name` that nobody has accepted, each text once: as reading, where the
        runbook takes it for that in one place and for idempotent in another.

        Raises:
            InvalidDocument: the runbook has errors, or names site Python that can't be read.
        """
        found = find_runbook(self._site, name)
        runbook = read_runbook(str(found.path), read_file(found.path), self._checks)
        items = free_items(runbook, self._checks)
        if faults := [item.fault for item in items if item.fault is not None]:
            raise InvalidDocument(faults)
        known = read_all_acceptances(self._site)
        waiting: dict[str, FreeItem] = {}
        for item in items:
            if unaccepted([item], known) and (item.digest not in waiting or item.effect is Effect.READ):
                waiting[item.digest] = item
        return tuple(waiting.values())

    def accept(self, items: Sequence[FreeItem], reason: str) -> None:
        """Write down that whoever is logged in has read these and says that each has the effect which the
        runbook takes it for. What is accepted may stand in any runbook, so it takes an authorisation for all
        systems.

        Raises:
            InputError: there is no reason.
            Unauthenticated, Forbidden: it is not known who accepts, or that person may not.
            ChainBroken, StoreError: it can't be recorded. Nothing was written.
        """
        if not reason.strip():
            raise InputError(Text("必须写明理由", "a reason is required"))
        if not items:
            return
        actor = self._people.decider(Permission.ACCEPT, ())
        mask = Masker((), site_key(self._site.state)).mask
        said = mask(reason.strip())
        accepted = [Acceptance(item.digest, item.effect, actor.label.zh, said, item.what) for item in items]
        # The log first: what no event tells of must not count.
        record_acceptances([replace(one, what=mask(one.what)) for one in accepted], self._clock(), actor)
        for one in accepted:
            append_acceptance(acceptance_file(self._site), one)
