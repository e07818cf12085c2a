"""One round as JUnit XML, for CI systems. Whatever was not seen is an error there, never a pass."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.etree import ElementTree as ET

from orchestrator.language import Language
from orchestrator.model.conclusion import conclusion
from orchestrator.model.report import ReportHost, ReportItem, RoundReport
from orchestrator.model.round import RoundState
from orchestrator.model.verdict import Verdict
from orchestrator_plugins.renderers.legibility import EVIDENCE_LIMIT, label, legible
from orchestrator_plugins.renderers.sections import Sections
from orchestrator_plugins.renderers.wording import Wording
from orchestrator_plugins.renderers.zone import zone

suffix = "junit.xml"

_TAGS = {
    Verdict.CRIT: "failure",
    Verdict.WARN: "failure",
    Verdict.UNKNOWN: "error",
    # A CI system stays green over skipped tests, so what had no turn must not be one of them.
    Verdict.NOT_RUN: "error",
    Verdict.SKIPPED: "skipped",
    Verdict.WAIVED: "skipped",
}


def render(report: RoundReport, language: Language) -> bytes:
    """A test suite a host, a test case a value, and one suite on the round itself: a round that saw nothing
    or did not end would otherwise be a file without failures."""
    wording = Wording(language, zone(report.timezone))
    items = Sections(report).items_by_host
    suites = [_of_round(report, wording)]
    for host in report.hosts:
        cases = [_of_item(report, item, wording) for item in items.get(host.name, ())]
        suites.append(_Suite(host.name, host.seconds, cases or [_of_host(report, host, wording)]))
    root = ET.Element("testsuites", name=label(f"{report.title} #{report.round}"))
    root.attrib |= _totals([case for suite in suites for case in suite.cases])
    root.set("time", _seconds(sum(suite.seconds for suite in suites)))
    for suite in suites:
        root.append(suite.element(report, wording))
    ET.indent(root)
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, "unicode").encode() + b"\n"


@dataclass(frozen=True, slots=True)
class _Case:
    name: str
    group: str
    seconds: float = 0.0
    tag: str = ""
    """`failure`, `error` or `skipped`; empty for passed."""
    kind: str = ""
    message: str = ""
    text: str = ""

    def element(self, name: str) -> ET.Element:
        case = ET.Element("testcase", classname=self.group, name=name, time=_seconds(self.seconds))
        if self.tag:
            found = ET.SubElement(case, self.tag, message=self.message)
            if self.tag != "skipped":
                found.set("type", self.kind)
                found.text = self.text
        return case


@dataclass(frozen=True, slots=True)
class _Suite:
    name: str
    seconds: float
    cases: list[_Case] = field(default_factory=list)

    def element(self, report: RoundReport, wording: Wording) -> ET.Element:
        suite = ET.Element("testsuite", name=label(self.name), hostname=label(self.name))
        suite.attrib |= _totals(self.cases)
        started = report.started_at.astimezone(wording.zone)
        suite.attrib |= {"time": _seconds(self.seconds), "timestamp": f"{started:%Y-%m-%dT%H:%M:%S}"}
        for case, name in zip(self.cases, _unique(self.cases), strict=True):
            suite.append(case.element(name))
        return suite


def _of_round(report: RoundReport, wording: Wording) -> _Suite:
    group = _group(report, "wardround")
    ended = _Case(wording.t("本轮已结束", "the round ended"), group)
    looked = _Case(wording.t("检查了项目", "something was checked"), group)
    said = label(wording.say(conclusion(report)))
    if report.state is not RoundState.COMPLETED:
        state = label(wording.say(report.state.label))
        ended = _Case(ended.name, group, 0.0, "error", report.state.value, state, said)
    if report.coverage.done == 0:
        looked = _Case(looked.name, group, 0.0, "error", "nothing_checked", said, said)
    return _Suite("wardround", 0.0, [ended, looked])


def _of_host(report: RoundReport, host: ReportHost, wording: Wording) -> _Case:
    """A host without any value."""
    tag = "error" if host.failure or host.verdict is not Verdict.SKIPPED else "skipped"
    said = host.failure.detail if host.failure else host.verdict.label
    return _Case("SSH", _group(report, host.name), 0.0, tag, host.verdict.value, label(wording.say(said)))


def _of_item(report: RoundReport, item: ReportItem, wording: Wording) -> _Case:
    return _Case(
        name=_name(item, wording),
        group=_group(report, item.host),
        seconds=item.seconds,
        tag=_TAGS.get(item.verdict, ""),
        kind=item.verdict.value,
        message=label(_message(item, wording)),
        text=legible(item.evidence[:EVIDENCE_LIMIT]),
    )


def _name(item: ReportItem, wording: Wording) -> str:
    metric = wording.say(item.metric_title) or item.metric
    parts = (item.code, item.title, metric if metric != item.title else "", item.subject)
    return label(" ".join(part for part in parts if part)) or "—"


def _message(item: ReportItem, wording: Wording) -> str:
    parts = [wording.say(item.verdict.label)]
    if item.value is not None:
        parts.append(wording.amount(item.value, item.unit))
        limit = item.crit if item.verdict is Verdict.CRIT else item.warn
        parts += [wording.t(f"界限 {limit}", f"limit {limit}")] if limit else []
    if item.verdict is Verdict.WAIVED and item.waiver:
        waiver = item.waiver
        who, until = wording.say(waiver.approver.label), wording.when(waiver.expires_at)
        parts += [waiver.reason, wording.t(f"批准人 {who}，到期 {until}", f"approved by {who} until {until}")]
    parts += [wording.say(item.reason)] if item.reason else []
    return wording.t("；", "; ").join(parts)


def _group(report: RoundReport, host: str) -> str:
    """CI systems read a class name's dots as a tree: a host's own dots must not be branches."""
    return label(f"{report.runbook.replace('/', '.')}.{host.replace('.', '_')}")


def _totals(cases: list[_Case]) -> dict[str, str]:
    def count(tag: str) -> str:
        return str(sum(1 for case in cases if case.tag == tag))

    return {
        "tests": str(len(cases)),
        "failures": count("failure"),
        "errors": count("error"),
        "skipped": count("skipped"),
    }


def _unique(cases: list[_Case]) -> Iterator[str]:
    """Names within a suite, a number added to the second of the same: CI systems merge equal ones."""
    seen: dict[str, int] = {}
    for case in cases:
        seen[case.name] = seen.get(case.name, 0) + 1
        yield case.name if seen[case.name] == 1 else f"{case.name} ({seen[case.name]})"


def _seconds(value: float) -> str:
    return f"{value:.3f}"
