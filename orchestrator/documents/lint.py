"""Checks every document beneath some paths, as planning would, without planning anything."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from zoneinfo import ZoneInfo

from orchestrator.documents.accepted import read_acceptances
from orchestrator.documents.file import read_file
from orchestrator.documents.free_item import free_items, unaccepted
from orchestrator.documents.runbook import read_runbook
from orchestrator.documents.site import DEFAULTS, FILE, read_site
from orchestrator.documents.systems import read_systems
from orchestrator.documents.thresholds import read_thresholds
from orchestrator.documents.timetable import read_timetable, runbook_names
from orchestrator.documents.work_calendar import BETWEEN_YEARS, calendar_files, read_work_calendar
from orchestrator.errors import Diagnostic, InvalidDocument, NotFound
from orchestrator.language import Text
from orchestrator.model.plan import Acceptance
from orchestrator.model.runbook import Runbook
from orchestrator.model.site import Site
from orchestrator.plugin.check import CheckPlugin
from orchestrator.plugin.registry import Registry

_SUFFIXES = (".yml", ".yaml")
_FOREIGN = frozenset({"group_vars", "host_vars", "files", "templates"})
_KIND = re.compile(rb"^[ \t-]*[ \t]kind:", re.MULTILINE)


class Form(StrEnum):
    """Which reader a file is for."""

    RUNBOOK = "runbook"
    SITE = "site"
    SYSTEMS = "systems"
    THRESHOLDS = "thresholds"
    ACCEPTED = "accepted"
    TIMETABLE = "timetable"
    CALENDAR = "calendar"


_NAMES = {FILE: Form.SITE} | {
    DEFAULTS[form]: form for form in (Form.SYSTEMS, Form.THRESHOLDS, Form.ACCEPTED, Form.TIMETABLE)
}
_TIMEZONE = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True, slots=True)
class LintResult:
    """What was looked at, and what is wrong with it."""

    files: int
    """How many documents were checked; none at all is for the caller to say."""
    diagnostics: tuple[Diagnostic, ...]
    """In the order of files and places."""


def lint(paths: Sequence[Path], site: Site | None, checks: Registry[CheckPlugin]) -> LintResult:
    """Check every document beneath `paths`; files that are not ours are passed over.

    Args:
        site: whose acceptances count, and whose files keep their meaning whatever their names; None where
            there is no site yet: the acceptances found beneath `paths` count.

    Raises:
        NotFound: one of the paths does not exist.
    """
    documents = _documents(paths, site)
    round_ = _Lint(checks, site)
    own = [path for path, form in documents.items() if form is Form.ACCEPTED]
    for path in {*own, *(site.accepted if site else ())}:
        round_.read_acceptances(path)
    for path, form in documents.items():
        round_.read(path, form)
    round_.read_calendars([path for path, form in documents.items() if form is Form.CALENDAR])
    return LintResult(len(documents), tuple(sorted(round_.found, key=lambda found: found.position)))


class _Lint:
    """What has been found so far."""

    def __init__(self, checks: Registry[CheckPlugin], site: Site | None) -> None:
        self.found: list[Diagnostic] = []
        self._checks = checks
        self._site = site
        self._acceptances: list[Acceptance] = []

    def read_acceptances(self, path: Path) -> None:
        try:
            self._acceptances.extend(read_acceptances(str(path), read_file(path)))
        except InvalidDocument as error:
            self.found.extend(error.diagnostics)

    def read(self, path: Path, form: Form) -> None:
        try:
            match form:
                case Form.RUNBOOK:
                    self._read_runbook(path)
                case Form.SITE:
                    read_site(path)
                case Form.SYSTEMS:
                    read_systems(str(path), read_file(path))
                case Form.THRESHOLDS:
                    read_thresholds(str(path), read_file(path), self._checks)
                case Form.TIMETABLE:
                    self._read_timetable(path)
                case Form.ACCEPTED | Form.CALENDAR:
                    pass  # read before the runbooks that rest on it; read all together
        except InvalidDocument as error:
            self.found.extend(error.diagnostics)

    def read_calendars(self, paths: Sequence[Path]) -> None:
        """Years are held against one another, also against those that were not asked about."""
        folders = (
            *dict.fromkeys(path.parent for path in paths),
            *(self._site.calendars if self._site else ()),
        )
        try:
            read_work_calendar(calendar_files(folders) if paths else ())
        except InvalidDocument as error:
            asked = {path.resolve() for path in paths}
            self.found.extend(
                found
                for found in error.diagnostics
                if found.rule in BETWEEN_YEARS or Path(found.position.file).resolve() in asked
            )

    def _read_timetable(self, path: Path) -> None:
        site = self._site
        runbooks = runbook_names(site.runbooks) if site else None
        read_timetable(str(path), read_file(path), site.timezone if site else _TIMEZONE, runbooks)

    def _read_runbook(self, path: Path) -> None:
        runbook: Runbook = read_runbook(str(path), read_file(path), self._checks)
        self.found.extend(unaccepted(free_items(runbook, self._checks), self._acceptances))


def _documents(paths: Sequence[Path], site: Site | None) -> dict[Path, Form]:
    """The documents beneath `paths`, each once, in order."""
    found: dict[Path, Form] = {}
    for path in paths:
        if path.is_dir():
            for file in _files(path, site):
                if form := _form(file, site):
                    found[file] = form
        elif path.exists():
            # Whoever names a file wants it checked; what it is not otherwise, it must be as a runbook.
            found[path] = _form(path, site) or Form.RUNBOOK
        else:
            raise NotFound(
                Text(f"没有 {path} 这个文件或文件夹", f"there is no file or folder {path}"),
                Text("检查路径", "check the path"),
            )
    return found


def _files(folder: Path, site: Site | None) -> Iterator[Path]:
    """YAML files beneath `folder`, leaving out what is Ansible's, hidden, or written by us."""
    foreign = {place.resolve() for place in (*site.inventory, site.state)} if site else set()
    for name, folders, files in os.walk(folder):
        here = Path(name)
        folders[:] = sorted(
            child
            for child in folders
            if child not in _FOREIGN and not child.startswith(".") and (here / child).resolve() not in foreign
        )
        for file in sorted(files):
            path = here / file
            if path.suffix in _SUFFIXES and path.is_file() and path.resolve() not in foreign:
                yield path


def _form(path: Path, site: Site | None) -> Form | None:
    """What a file is, by the site's word, its name, its folder, or a `kind:` in it."""
    place = path.resolve()
    if site is not None:
        for form, own in ((Form.SYSTEMS, site.systems), (Form.THRESHOLDS, site.thresholds)):
            if own is not None and own.resolve() == place:
                return form
        if site.timetable is not None and site.timetable.resolve() == place:
            return Form.TIMETABLE
        if place.parent in {own.resolve() for own in site.calendars}:
            return Form.CALENDAR
        if place in {own.resolve() for own in site.accepted}:
            return Form.ACCEPTED
    if path.name in _NAMES:
        return _NAMES[path.name]
    if place.parent.name == DEFAULTS["calendars"]:
        return Form.CALENDAR
    folders = {own.resolve() for own in site.runbooks} if site else set()
    if "runbooks" in place.parts[:-1] or folders & set(place.parents):
        return Form.RUNBOOK
    return Form.RUNBOOK if _says_kind(path) else None


def _says_kind(path: Path) -> bool:
    try:
        return _KIND.search(read_file(path)) is not None
    except InvalidDocument:
        return False
