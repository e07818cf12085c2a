"""Every host with its checks by verdict."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.model.report import ReportHost
from orchestrator.model.verdict import Verdict
from orchestrator_plugins.renderers.paper.block import (
    Block,
    Cell,
    Heading,
    Span,
    cell,
    count,
    remark,
    table,
)
from orchestrator_plugins.renderers.paper.material import Material


def hosts(m: Material) -> Iterator[Block]:
    t, found = m.t, m.report.hosts
    yield Heading(t("主机一览", "Hosts"), t(f"{len(found)} 台", f"{len(found)}"))
    if not found:
        yield remark(t("本轮没有主机。", "This round had no host."), warned=True)
        return
    head = [t("主机", "Host"), t("状态", "Verdict"), *(m.say(verdict.label) for verdict in Verdict)]
    numbers = range(2, len(Verdict) + 2)
    yield table([2.2, 1.5, *[0.9] * len(Verdict)], head, [_row(m, host) for host in found], right=numbers)


def _row(m: Material, host: ReportHost) -> list[Cell]:
    word = m.t("未能检查", "not checked") if host.failure else m.say(host.verdict.label)
    return [
        cell(Span(host.name, "bold"), Span(host.address, "small")),
        cell(Span(word, host.verdict.value)),
        *(count(verdict, host.counts.get(verdict, 0)) for verdict in Verdict),
    ]
