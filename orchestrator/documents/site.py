"""Reads `wardround.yml`: who the hospital is, where its documents lie, and where its records go."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, Strict

from orchestrator.documents.database_url import read_database_url
from orchestrator.documents.file import read_file
from orchestrator.documents.findings import Findings, did_you_mean, shown
from orchestrator.documents.node import ListNode, Node, ScalarNode, child, items
from orchestrator.documents.validation import FILLED, refuse, validate
from orchestrator.documents.yaml import require_yaml
from orchestrator.errors import Position
from orchestrator.language import Text
from orchestrator.model.site import HashAlgorithm, Retention, Site

FILE = "wardround.yml"
DEFAULTS = {
    "inventory": "inventory",
    "runbooks": "runbooks",
    "systems": "systems.yml",
    "thresholds": "thresholds.yml",
    "accepted": "accepted.yml",
    "timetable": "timetable.yml",
    "calendars": "calendars",
}

_FILES = ("systems", "thresholds", "accepted", "timetable", "vault_password_file", "database_password_file")

_Name = Annotated[str, Field(min_length=1, max_length=120, pattern=FILLED)]
_Path = Annotated[str, Field(min_length=1, max_length=1000)]
_Paths = Annotated[tuple[_Path, ...], Field(min_length=1)]
_KEPT = Retention()
_Days = Annotated[int, Strict(), Field(ge=1, le=36500)]
_Seconds = Annotated[float, Strict(), Field(gt=0, le=3600)]


def _known_timezone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise refuse(
            "unknown-timezone",
            Text(f"没有时区“{shown(name)}”", f"there is no time zone '{shown(name)}'"),
            did_you_mean(name, sorted(available_timezones())),
        ) from None
    return name


TimeZone = Annotated[str, AfterValidator(_known_timezone)]
"""The name of a time zone."""


def _database_url(text: str) -> str:
    read_database_url(text)
    return text


class _HospitalModel(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    zh: _Name
    en: _Name


class _RetentionModel(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    rounds: _Days = _KEPT.rounds
    runs: _Days = _KEPT.runs
    samples: _Days = _KEPT.samples
    daily_samples: _Days = _KEPT.daily_samples
    events: Annotated[int, Strict(), Field(ge=183, le=36500)] = _KEPT.events


class _SiteModel(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    hospital: _HospitalModel
    inventory: _Path | _Paths = DEFAULTS["inventory"]
    runbooks: _Path | _Paths = DEFAULTS["runbooks"]
    systems: _Path = DEFAULTS["systems"]
    thresholds: _Path = DEFAULTS["thresholds"]
    accepted: _Path = DEFAULTS["accepted"]
    timetable: _Path = DEFAULTS["timetable"]
    calendars: _Path = DEFAULTS["calendars"]
    known_hosts: _Path = "known_hosts"
    state: _Path = "var"
    vault_password_file: _Path = ""
    timezone: TimeZone = "Asia/Shanghai"
    concurrency: Annotated[int, Strict(), Field(gt=0, le=1000)] = 50
    database: Annotated[_Path, AfterValidator(_database_url)] | None = None
    database_password_file: _Path | None = None
    audit: _Path | None = None
    hash_algorithm: HashAlgorithm = HashAlgorithm.SM3
    single_user: Annotated[bool, Strict()] = False
    retention: _RetentionModel = _RetentionModel()
    connect_timeout: _Seconds = 10.0
    host_timeout: _Seconds = 120.0


def read_site(path: Path, content: Path | None = None) -> Site:
    """The site whose file is `path`.

    Args:
        content: the product's own folder, whose runbooks, acceptances and calendars come after the site's.

    Raises:
        InvalidDocument: with all that is wrong, files that it names and that are missing included.
    """
    findings = Findings(str(path))
    root = require_yaml(str(path), read_file(path), findings)
    model = validate(_SiteModel, root, findings)
    folder = _Folder(path.parent.absolute(), root, findings)
    inventory = folder.places("inventory", needed=True)
    runbooks = folder.places("runbooks")
    calendars = folder.places("calendars")
    files = {key: folder.places(key) for key in _FILES}
    if model is None or findings.diagnostics:
        raise findings.error()
    return Site(
        root=folder.path,
        hospital=Text(model.hospital.zh, model.hospital.en),
        inventory=inventory,
        runbooks=(*runbooks, *_shipped(content, "runbooks")),
        systems=next(iter(files["systems"]), None),
        thresholds=next(iter(files["thresholds"]), None),
        accepted=(*files["accepted"], *_shipped(content, "runbooks", DEFAULTS["accepted"])),
        timetable=next(iter(files["timetable"]), None),
        calendars=(*calendars, *_shipped(content, "inventories", "calendars")),
        known_hosts=folder.resolve(model.known_hosts),
        state=folder.resolve(model.state),
        vault_password_file=next(iter(files["vault_password_file"]), None),
        timezone=ZoneInfo(model.timezone),
        concurrency=model.concurrency,
        connect_timeout=model.connect_timeout,
        host_timeout=model.host_timeout,
        database=read_database_url(model.database, next(iter(files["database_password_file"]), None))
        if model.database
        else None,
        audit=folder.resolve(model.audit) if model.audit else None,
        hash_algorithm=model.hash_algorithm,
        single_user=model.single_user,
        retention=Retention(**model.retention.model_dump()),
    )


def acceptance_file(site: Site) -> Path:
    """The site's own file of acceptances, whether it exists yet or not: the one that may be written to."""
    own = [path for path in site.accepted if path.is_relative_to(site.root)]
    return own[0] if own else site.root / DEFAULTS["accepted"]


def _shipped(content: Path | None, *parts: str) -> tuple[Path, ...]:
    place = content.absolute().joinpath(*parts) if content else None
    return (place,) if place and place.exists() else ()


class _Folder:
    """The site's folder, which the paths in its file start from."""

    def __init__(self, path: Path, root: Node, findings: Findings) -> None:
        self.path = path
        self._root = root
        self._findings = findings

    def resolve(self, name: str) -> Path:
        try:
            return self.path / Path(name).expanduser()
        except RuntimeError:  # no such user
            return self.path / name

    def places(self, key: str, *, needed: bool = False) -> tuple[Path, ...]:
        """What `key` names. A default that does not exist is left out, unless it is needed."""
        node = child(self._root, key)
        if node is None:
            default = self.resolve(DEFAULTS[key]) if key in DEFAULTS else None
            if default and (needed or _fault(key, default) is None):
                return self._existing(key, default, self._root.position)
            return ()
        values = items(node) if isinstance(node, ListNode) else (node,)
        return tuple(
            place
            for value in values
            if isinstance(value, ScalarNode) and isinstance(value.value, str)
            for place in self._existing(key, self.resolve(value.value), value.position)
        )

    def _existing(self, key: str, place: Path, position: Position) -> tuple[Path, ...]:
        fault = _fault(key, place)
        if fault is None:
            return (place,)
        self._findings.add(
            position,
            "missing-file",
            Text(f"{key}：{shown(place)} {fault.zh}", f"{key}: {shown(place)} {fault.en}"),
            Text("相对路径从 wardround.yml 所在的文件夹算起", "relative paths start at this file's folder"),
        )
        return ()


def _fault(key: str, place: Path) -> Text | None:
    try:
        if not place.exists():
            return Text("不存在", "does not exist")
        if key in ("runbooks", "calendars") and not place.is_dir():
            return Text("不是文件夹", "is no folder")
        if key not in ("runbooks", "calendars", "inventory") and not place.is_file():
            return Text("不是文件", "is no file")
        if key == "database_password_file" and place.stat().st_mode & 0o077:
            return Text("其他用户可读；执行 chmod 600", "can be read by others; chmod 600 it")
    except OSError as error:
        return Text(f"无法读取：{error.strerror}", f"can't be read: {error.strerror}")
    return None
