"""Every format of a report through the installed command, and what a user is told where one can't be made."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from orchestrator.errors import PluginError
from orchestrator_plugins.renderers.font import FOLDERS, fonts

COMMAND = Path(sys.executable).with_name("wardround")
DEADLINE = 60.0
FORMATS = ("html", "json", "junit", "pdf", "xlsx")
MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
SHEETS = ["概要", "异常", "全部项目", "主机", "系统", "豁免", "容量预测"]

pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.xdist_group("report-formats"),
    pytest.mark.skipif(not COMMAND.exists(), reason="needs the installed wardround command"),
]

INVENTORY = """\
all:
  hosts:
    alpha: {ansible_connection: local}
    gone: {ansible_connection: ssh, ansible_host: 127.0.0.1, ansible_port: 1}
"""
INSPECTION = """\
- name: 两台
  kind: inspection
  hosts: all
  tasks:
    - name: 运行时长
      id: uptime
      check: {uptime: {}, warn: ">= 0"}
"""


def _no_chinese_font() -> bool:
    try:
        fonts()
    except PluginError:
        return True
    return False


needs_font = pytest.mark.skipif(_no_chinese_font(), reason="fonts-noto-cjk is missing")


@dataclass(frozen=True)
class Said:
    """What one command line came to."""

    code: int
    out: bytes
    err: str


@dataclass(frozen=True)
class Site:
    """A site with one round in it."""

    root: Path

    def run(self, *arguments: str, **variables: str) -> Said:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
        done = subprocess.run(
            [COMMAND, *arguments],
            env={**kept, "LANG": "C.UTF-8", "WARDROUND_SITE": str(self.root), **variables},
            capture_output=True,
            timeout=DEADLINE,
            check=False,
        )
        err = done.stderr.decode()
        assert "Traceback" not in err
        return Said(done.returncode, done.stdout, err)

    @property
    def reports(self) -> list[Path]:
        return sorted((self.root / "var" / "reports").glob("*"))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    site = Site(tmp_path_factory.mktemp("report-formats") / "hospital")
    assert site.run("init", str(site.root)).code == 0
    (site.root / "inventory" / "hosts.yml").write_text(INVENTORY, encoding="utf-8")
    (site.root / "runbooks" / "inspection" / "two.yml").write_text(INSPECTION, encoding="utf-8")
    # A host that could not be asked outranks a finding.
    assert site.run("round", "run", "two").code == 3
    return site


@pytest.fixture
def report(tmp_path: Path) -> Path:
    """A report that lies there from before."""
    before = tmp_path / "report"
    before.write_bytes(b"from before")
    return before


def test_a_format_that_does_not_exist_is_one_error_that_names_those_that_do(site: Site, report: Path) -> None:
    before = site.reports
    for place in ((), ("-o", str(report)), ("-o", "-")):
        told = site.run("--lang", "en", "report", "1", "--format", "nonsense", *place)
        assert (told.code, told.out) == (2, b"")
        assert "nonsense" in told.err
        assert all(name in told.err for name in FORMATS)
    assert report.read_bytes() == b"from before"
    assert site.reports == before


def test_without_a_chinese_font_no_pdf_is_made_and_nothing_is_lost(
    site: Site, report: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "fonts"
    folder.mkdir()
    before = site.reports
    told = site.run("report", "1", "-f", "pdf", "-o", str(report), **{FOLDERS: str(folder)})
    assert (told.code, told.out) == (4, b"")
    assert str(folder) in told.err
    assert "fonts-noto-cjk" in told.err
    assert report.read_bytes() == b"from before"
    assert site.reports == before
    assert site.run("report", "1", "-f", "html", **{FOLDERS: str(folder)}).code == 0


@needs_font
def test_a_pdf_goes_to_a_pipe_whole(site: Site) -> None:
    told = site.run("report", "1", "-f", "pdf", "-o", "-")
    assert (told.code, told.err) == (0, "")
    assert told.out.startswith(b"%PDF-")
    assert told.out.rstrip().endswith(b"%%EOF")


def test_the_workbook_holds_every_sheet_and_the_round(site: Site, tmp_path: Path) -> None:
    place = tmp_path / "round.xlsx"
    told = site.run("report", "1", "-f", "xlsx", "-o", str(place))
    assert (told.code, told.out.decode().strip()) == (0, str(place))
    with zipfile.ZipFile(place) as book:
        assert book.testzip() is None
        names = [
            one.attrib["name"] for one in ET.fromstring(book.read("xl/workbook.xml")).iter(f"{MAIN}sheet")
        ]
        words = [one.text for one in ET.fromstring(book.read("xl/sharedStrings.xml")).iter(f"{MAIN}t")]
        rows = [
            len(list(ET.fromstring(book.read(f"xl/worksheets/sheet{at}.xml")).iter(f"{MAIN}row")))
            for at in range(1, len(names) + 1)
        ]
    assert names == SHEETS
    assert {"alpha", "gone", "运行时长"} <= set(words)
    assert rows[SHEETS.index("主机")] == 3
    assert rows[SHEETS.index("异常")] == 3


def test_a_ci_system_is_told_of_the_finding_and_of_the_host_that_was_not_asked(site: Site) -> None:
    told = site.run("report", "1", "-f", "junit", "-o", "-")
    assert told.code == 0
    suites = {one.attrib["name"]: one for one in ET.fromstring(told.out).iter("testsuite")}
    assert suites["alpha"].attrib["failures"] == "1"
    assert suites["gone"].attrib["errors"] == "1"
