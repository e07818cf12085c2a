"""From hosts to the systems that stop or suffer with them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from orchestrator.model.report import ReportItem, SystemLine
from orchestrator.model.system import Catalogue, Component
from orchestrator.model.verdict import Verdict, worst
from orchestrator.reporting.seen_host import SeenHost


class Impact:
    """A catalogue over the hosts of one round."""

    def __init__(self, catalogue: Catalogue, hosts: Sequence[SeenHost]) -> None:
        self._catalogue = catalogue
        self._hosts = hosts
        # Hosts of the same groups carry the same systems: thousands of hosts come down to a few answers.
        named = {place for component in catalogue.components for place in component.hosts}
        answers: dict[frozenset[str], tuple[Component, ...]] = {}
        self._affected: dict[str, tuple[Component, ...]] = {}
        for host in hosts:
            places = frozenset({host.name, *host.groups} & named)
            if places not in answers:
                answers[places] = catalogue.affected_by("", tuple(places))
            self._affected[host.name] = answers[places]

    def of(self, host: str) -> tuple[Component, ...]:
        """Components that stop or suffer when `host` fails, the most important first."""
        return self._affected[host]

    def tier(self, host: str) -> str:
        """The highest tier that depends on `host`; sorts before all lower ones."""
        return min((component.tier for component in self.of(host)), default="T9")

    def lines(self, findings: Iterable[ReportItem]) -> tuple[SystemLine, ...]:
        """One for each component of the catalogue, the worst first."""
        beneath: dict[str, list[SeenHost]] = {one.slug: [] for one in self._catalogue.components}
        for host in self._hosts:
            for component in self.of(host.name):
                beneath[component.slug].append(host)
        found = Counter(item.host for item in findings)
        lines = [_line(one, beneath[one.slug], found) for one in self._catalogue.components]
        return tuple(sorted(lines, key=lambda line: (line.verdict.rank, _order(line.component))))


def _line(component: Component, hosts: Sequence[SeenHost], found: Counter[str]) -> SystemLine:
    verdict = worst(host.verdict for host in hosts)
    bad = verdict.finding or verdict is Verdict.NOT_RUN
    because = tuple(host.name for host in hosts if bad and host.verdict is verdict)
    return SystemLine(component, verdict, sum(found[host.name] for host in hosts), because)


def _order(component: Component) -> tuple[bool, str, int]:
    return component.seq is None, component.tier, component.seq or 0
