"""The head of the sheet: which round of what this is, who ran it, and what a reader must know first."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.model.round import RoundState
from orchestrator_plugins.renderers.paper.material import Material


def title(m: Material) -> str:
    called = m.report.title
    return called if called.endswith("报告") else f"{called}{m.t('报告', ' report')}"


def footer(m: Material) -> str:
    """At the foot of every page, cut to fit beside its number."""
    number = m.t(f"第 {m.report.round} 轮", f"Round {m.report.round}")
    return f"{m.say(m.report.hospital)[:40]} · {m.report.title[:40]} · {number}"


def meta(m: Material) -> Iterator[tuple[str, str]]:
    """Names and values."""
    report, t, w = m.report, m.t, m.w
    ended = w.until(report.finished_at, report.started_at)
    yield t("巡检时间", "Time"), f"{w.exactly(report.started_at)} {t('至', 'to')} {ended}"
    yield t("发起", "Started by"), m.say(report.actor.label)
    yield t("状态", "State"), m.say(report.state.label)
    yield t("主机", "Hosts"), t(f"{len(report.hosts)} 台", f"{len(report.hosts)}")
    before = report.previous_round
    number = t(f"第 {before} 轮", f"round {before}")
    first = t("无（首轮）", "none (first round)")
    compared = f"{number} · {w.when(report.previous_started_at)}" if before else first
    yield t("对比轮次", "Compared with"), compared
    yield t("运行手册", "Runbook"), report.runbook
    yield t("程序版本", "Program"), report.version
    yield t("计划摘要", "Plan digest"), report.plan_digest[:12]


def notes(m: Material) -> Iterator[str]:
    """Why this may be less than a whole inspection that can be signed."""
    report, t = m.report, m.t
    if report.state is not RoundState.COMPLETED:
        yield t(
            f"本轮{report.state.label.zh}：没有轮到的项目一律记为“未检”，不能作为完整巡检的凭证。",
            f"This round: {report.state.label.en}. What had no turn counts as not run; this is no proof "
            "of a complete inspection.",
        )
    if report.partial:
        yield t(
            "本轮只检查了部分主机或项目，不能代替完整的一轮。",
            "This round was narrowed to some hosts or checks. It does not take the place of a whole one.",
        )
    if report.single_user:
        yield t(
            "单用户演示模式：报告中的人名均未经核实，不能作为签核依据。",
            "Single-user demo mode: no name in this report was proven, so none stands for a signature.",
        )
