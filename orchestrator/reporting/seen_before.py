"""What the round before saw of each thing, as far as a report says it."""

from __future__ import annotations

from collections.abc import Mapping

from orchestrator.model.verdict import Verdict
from orchestrator.records.models.host_result import HostResult
from orchestrator.records.models.round import Round
from orchestrator.records.result_text import Place, Seen, read_seen
from orchestrator.records.scope import read_scope
from orchestrator.records.sighting import Identity


class SeenBefore:
    """One round's values and verdicts alone. A host is read when it is first asked for."""

    def __init__(self, row: Round | None) -> None:
        self._planned = {} if row is None else {host.name: host for host in read_scope(row.scope)}
        recorded = HostResult.objects.filter(round=row) if row is not None else HostResult.objects.none()
        columns = recorded.values_list("host", "failure_reason", "verdict", "results")
        self._recorded = {host: (lost, verdict, text) for host, lost, verdict, text in columns}
        self._seen: dict[str, Mapping[Place, Seen]] = {}

    def get(self, identity: Identity) -> Seen | None:
        seen = self._seen.get(identity.host)
        if seen is None:
            seen = self._seen[identity.host] = self._read(identity.host)
        return seen.get((identity.task, identity.metric, identity.subject))

    def _read(self, host: str) -> Mapping[Place, Seen]:
        if host not in self._planned:
            return {}
        seen: dict[Place, Seen] = dict.fromkeys(
            ((task, "", "") for task in self._planned[host].tasks), (None, Verdict.NOT_RUN)
        )
        lost, verdict, text = self._recorded.get(host, ("", Verdict.NOT_RUN, ""))
        if lost or verdict != Verdict.NOT_RUN:
            seen["", "", ""] = None, Verdict.UNKNOWN if lost else Verdict.OK
        if text:
            seen |= read_seen(text)
        return seen
