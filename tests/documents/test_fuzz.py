"""Whatever bytes come: a value or InvalidDocument, and every place within the file."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.documents.accepted import read_acceptances
from orchestrator.documents.free_item import free_items, unaccepted
from orchestrator.documents.runbook import read_runbook
from orchestrator.documents.site import read_site
from orchestrator.documents.systems import read_systems
from orchestrator.documents.thresholds import read_thresholds
from orchestrator.documents.timetable import read_timetable
from orchestrator.documents.work_calendar import read_work_calendar
from orchestrator.errors import Diagnostic, InvalidDocument
from orchestrator.language import Language
from orchestrator.plugin.check import CheckPlugin
from orchestrator.plugin.registry import Registry

Checks = Registry[CheckPlugin]

RUNBOOK = """\
- name: 早巡检
  kind: inspection
  hosts: [all, "!x"]
  gather_facts: false
  vars: {root: /srv, t: "{{ root }}/x"}
  tasks:
    - name: 数据卷
      id: data-volume
      check:
        disk: {include: ["{{ t }}"], depth: 2, range: {low: 1, high: 2}, port: a}
        warn: "> 85"
        crit: {used_pct: 90, state: "!= online"}
        layer: system
      timeout: 20
    - check: {command: {command: w, arguments: ["{{ t }}"]}, unit: 次}
    - check: {site_test: "a.py::b"}
"""
ACTING = """\
- name: 重启
  kind: emergency
  hosts: his
  vars: {unit: his}
  tasks:
    - name: 停止
      command: {argv: [systemctl, stop, "{{ unit }}"], chdir: /srv}
      verify: test -e /x
      timeout: 90
    - {shell: 'echo "a b" | wc', effect: read}
    - {script: files/a.sh --all, effect: idempotent}
    - {command: "w 'x'", effect: once}
    - {pause: {minutes: 0.5}}
    - {debug: {msg: "{{ unit }}"}}
    - {assert: {that: [unit == "his", unit is defined], fail_msg: x}}
    - {check: {disk: }, timeout: 600}
"""
SYSTEMS = """\
platform: [{id: p, zh: 甲, en: P, tier: T1}]
systems:
  - {seq: 1, slug: a, zh: 甲, en: A, tier: T1, rto_min: 10, dep_hard: [p], dep_soft: [b], hosts: [h]}
  - {seq: 2, slug: b, zh: 乙, en: B, tier: T2, dep_hard: [a]}
"""
THRESHOLDS = 'thresholds: {disk: {used_pct: {warn: "> 85", crit: 90, evidence: site, source: x}}}\n'
ACCEPTED = f"- {{digest: {'a' * 64}, effect: read, by: a, reason: b, what: c}}\n"
TIMETABLE = """\
schedules:
  - {name: a, title: 早, runbook: inspection/m, at: ["06:30"], days: [mon], from: "2026-12-01"}
  - {name: b, runbook: m, every: 15m, between: ["08:00", "18:00"], month_days: [1, last], spread: 5m}
  - {name: c, runbook: m, at: "06:30", dates: ["12-31"], timezone: UTC, missed: ask, until: "2027-11-30"}
  - {name: d, runbook: m, at: "06:30", limit: his, late: 1h, overlap: queue}
"""
YEAR = """\
year: 2026
status: official
document: 国办发明电
source: https://www.gov.cn
holidays:
  - {name: {zh: 元旦, en: New Year}, from: "2026-01-01", to: "2026-01-03", work: ["2026-01-04"]}
  - {name: {zh: 清明节, en: Qingming}, from: "2026-04-04"}
"""
SITE = "hospital: {zh: 医院, en: H}\ninventory: [., .]\ntimezone: UTC\nconcurrency: 5\nstate: v\n"

# What tends to break readers, beside single characters.
FRAGMENTS = st.characters() | st.sampled_from([
    "\t", "\r\n", "：", "{{ ", "}}", "{%", "[", "]", "{", "}", ": ", "- ", "? ", "&a ", "*a", "!x ", "|\n",
    "<<: ", "no", "0644", "22:30", "~", "null", '"', "'", "\\", "#", "---\n", "...\n", "%YAML 1.1\n", "\0",
    "warn:", "check:", "\n", "  ", "1e999", "9" * 30, "outside 3..1", "😀", "\u2028", "\ufeff", "_type", "> ",
])  # fmt: skip
MUTATIONS = st.lists(
    st.tuples(st.integers(0, 10_000), st.integers(0, 12), st.lists(FRAGMENTS, max_size=3)),
    min_size=1,
    max_size=6,
)


def mutated(text: str, mutations: list[tuple[int, int, list[str]]]) -> bytes:
    """`text` with some characters cut out and others put in their place."""
    for offset, cut, put in mutations:
        start = offset % (len(text) + 1)
        text = text[:start] + "".join(put) + text[start + cut :]
    return text.encode("utf-8", "surrogatepass")


def inside(found: Diagnostic, data: bytes) -> bool:
    """Whether a diagnostic's place is one that an editor can go to."""
    text = data.decode("utf-8-sig", "replace")
    lines = re.split("\r\n|\n|\r", text)
    position = found.position
    return 1 <= position.line <= len(lines) and 1 <= position.column <= len(lines[position.line - 1]) + 1


def holds(reader: Callable[[bytes], object], data: bytes) -> None:
    try:
        reader(data)
    except InvalidDocument as refusal:
        found = refusal.diagnostics
    else:
        return
    assert found
    for item in found:
        assert inside(item, data), item
        assert "\n" not in item.say(Language.ZH) + item.say(Language.EN)


def fuzzed(function: Callable[..., None]) -> Callable[..., None]:
    return settings(
        max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )(function)


@fuzzed
@given(data=st.binary(max_size=300))
def test_any_bytes_as_a_runbook(data: bytes, checks: Checks) -> None:
    holds(lambda data: read_runbook("m.yml", data, checks), data)


@fuzzed
@given(mutations=MUTATIONS, text=st.sampled_from([RUNBOOK, ACTING]))
def test_any_mutated_runbook(
    mutations: list[tuple[int, int, list[str]]], text: str, checks: Checks, tmp_path: Path
) -> None:
    (tmp_path / "files").mkdir(exist_ok=True)
    (tmp_path / "files/a.sh").write_text("w\n")

    def reader(data: bytes) -> None:
        runbook = read_runbook(str(tmp_path / "m.yml"), data, checks)
        unaccepted(free_items(runbook, checks), [])

    holds(reader, mutated(text, mutations))


@fuzzed
@given(mutations=MUTATIONS)
def test_any_mutated_catalogue(mutations: list[tuple[int, int, list[str]]]) -> None:
    holds(lambda data: read_systems("s.yml", data), mutated(SYSTEMS, mutations))


@fuzzed
@given(mutations=MUTATIONS)
def test_any_mutated_thresholds(mutations: list[tuple[int, int, list[str]]], checks: Checks) -> None:
    holds(lambda data: read_thresholds("t.yml", data, checks), mutated(THRESHOLDS, mutations))


@fuzzed
@given(mutations=MUTATIONS)
def test_any_mutated_acceptances(mutations: list[tuple[int, int, list[str]]]) -> None:
    holds(lambda data: read_acceptances("a.yml", data), mutated(ACCEPTED, mutations))


@fuzzed
@given(mutations=MUTATIONS)
def test_any_mutated_timetable(mutations: list[tuple[int, int, list[str]]]) -> None:
    runbooks = ("inspection/m", "routine/n")
    zone = ZoneInfo("Asia/Shanghai")
    holds(lambda data: read_timetable("t.yml", data, zone, runbooks), mutated(TIMETABLE, mutations))


@fuzzed
@given(mutations=MUTATIONS)
def test_any_mutated_calendar(mutations: list[tuple[int, int, list[str]]], tmp_path: Path) -> None:
    path = tmp_path / "2026.yml"

    def reader(data: bytes) -> None:
        path.write_bytes(data)
        read_work_calendar([path])

    holds(reader, mutated(YEAR, mutations))


@fuzzed
@given(mutations=MUTATIONS)
def test_any_mutated_site(mutations: list[tuple[int, int, list[str]]], tmp_path: Path) -> None:
    path = tmp_path / "wardround.yml"

    def reader(data: bytes) -> None:
        path.write_bytes(data)
        read_site(path)

    holds(reader, mutated(SITE, mutations))


@pytest.mark.parametrize(
    "data",
    [
        b"- " + b"a" * 1_000_000 + b": 1\n",
        b"- name: " + b"x" * 1_000_000 + b"\n  kind: inspection\n",
        b"- {" + b",".join(b"k%d: v" % number for number in range(60_000)) + b"}",
        b"- kind: inspection\n  tasks: [" + b"{check: {dsk: }}," * 15_000 + b"]",
        b"- kind: inspection\n  tasks: [" + b'{check: {disk: , warn: "outside ' + b"." * 900_000 + b'"}}]',
        b'- vars: {a: "' + b"{{ a" * 200_000 + b'"}\n',
        b"- name: '" + b"\n" * 900_000 + b"'\n",
    ],
    ids=["long key", "long value", "many keys", "many checks", "long limit", "long template", "many lines"],
)
@pytest.mark.timeout(20)
def test_huge_documents_end_soon_and_cleanly(data: bytes, checks: Checks) -> None:
    holds(lambda data: read_runbook("m.yml", data, checks), data)
