"""Accepting free commands, SQL and site Python: a second person's word that they only read."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.application.runbooks import find_runbook, read_all_acceptances
from orchestrator.documents.accepted import append_acceptance
from orchestrator.documents.file import read_file
from orchestrator.documents.free_item import FreeItem, free_items, unaccepted
from orchestrator.documents.runbook import read_runbook
from orchestrator.documents.site import acceptance_file
from orchestrator.errors import InputError, InvalidDocument
from orchestrator.language import Text
from orchestrator.model.effect import Effect
from orchestrator.model.plan import Acceptance
from orchestrator.model.site import Site
from orchestrator.plugin.check import CheckPlugin
from orchestrator.plugin.registry import Registry

_LONGEST_NAME = 64


class Acceptances:
    """What a site's people have accepted, and what waits for them."""

    def __init__(self, site: Site, checks: Registry[CheckPlugin]) -> None:
        self._site = site
        self._checks = checks

    def waiting(self, name: str) -> tuple[FreeItem, ...]:
        """The free items of runbook `name` that nobody has accepted, each text once.

        Raises:
            InvalidDocument: the runbook has errors, or names site Python that can't be read.
        """
        found = find_runbook(self._site, name)
        runbook = read_runbook(str(found.path), read_file(found.path), self._checks)
        items = free_items(runbook, self._checks)
        if faults := [item.fault for item in items if item.fault is not None]:
            raise InvalidDocument(faults)
        known = read_all_acceptances(self._site)
        return tuple({item.digest: item for item in items if unaccepted([item], known)}.values())

    def accept(self, items: Sequence[FreeItem], by: str, reason: str) -> None:
        """Write down that `by` has read these and says that they only read.

        Raises:
            InputError: nobody is called so, or there is no reason; nothing was written.
        """
        name = " ".join(by.split())
        if not name or not name.isprintable() or len(name) > _LONGEST_NAME:
            raise InputError(
                Text("审阅人姓名不可用", "the reviewer's name can't be used"),
                Text(f"1-{_LONGEST_NAME} 个可显示的字符", f"1-{_LONGEST_NAME} characters that can be shown"),
            )
        if not reason.strip():
            raise InputError(Text("必须写明理由", "a reason is required"))
        for item in items:
            append_acceptance(
                acceptance_file(self._site),
                Acceptance(item.digest, Effect.READ, by=name, reason=reason.strip(), what=item.what),
            )
