"""The hosts that could not be asked: why, and what to do."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.model.verdict import Verdict
from orchestrator_plugins.renderers.paper.block import Block, Cell, Heading, Span, cell, table
from orchestrator_plugins.renderers.paper.material import Material
from orchestrator_plugins.renderers.sections import LostHost


def lost_hosts(m: Material) -> Iterator[Block]:
    lost, t = m.sections.lost, m.t
    if not lost:
        return
    small = t(f"{len(lost)} 台，状况不明，不能视为正常", "their state is not known")
    yield Heading(t("未能检查的主机", "Hosts that could not be checked"), small)
    yield table(
        [1.4, 2.6, 2.4, 1.6],
        [t("主机", "Host"), t("原因", "Reason"), t("怎么办", "What to do"), t("影响系统", "Systems")],
        [_row(m, one) for one in lost],
    )


def _row(m: Material, one: LostHost) -> list[Cell]:
    return [
        cell(Span(one.host.name, "bold"), Span(one.host.address, "small")),
        cell(
            Span(m.say(one.failure.reason.label), Verdict.UNKNOWN.value),
            Span(m.say(one.failure.detail), "small"),
        ),
        cell(Span(m.say(one.advice))),
        cell(Span(m.w.components(one.host.affected, 4) or "—")),
    ]
