"""Finding runbooks by name, and reading what a plan is made from."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.documents.accepted import read_acceptances
from orchestrator.documents.file import read_file
from orchestrator.documents.free_item import free_items, unaccepted
from orchestrator.documents.runbook import read_runbook
from orchestrator.documents.systems import read_systems
from orchestrator.documents.thresholds import read_thresholds
from orchestrator.errors import InvalidDocument, NotFound
from orchestrator.language import Text
from orchestrator.model.near_name import near_names
from orchestrator.model.plan import Acceptance
from orchestrator.model.runbook import Runbook
from orchestrator.model.site import Site
from orchestrator.model.system import Catalogue
from orchestrator.model.threshold import Threshold
from orchestrator.plugin.check import CheckPlugin
from orchestrator.plugin.registry import Registry


@dataclass(frozen=True, slots=True)
class RunbookFile:
    """Where a runbook lies, without reading it."""

    name: str
    kind: str
    """Its folder: `inspection`."""
    path: Path


@dataclass(frozen=True, slots=True)
class Documents:
    """A runbook and all site documents that its plan depends on."""

    runbook: Runbook
    thresholds: Mapping[str, Mapping[str, Threshold]]
    digests: Mapping[str, str]
    """Path -> SHA-256 of each document and site file."""
    files: Mapping[str, bytes]
    """Scripts and site Python that the plan executes, by their paths beside the runbook."""


def list_runbooks(site: Site) -> tuple[RunbookFile, ...]:
    """Every runbook. A site's own hides the product's of the same name."""
    found: dict[tuple[str, str], RunbookFile] = {}
    for folder in site.runbooks:
        for path in sorted(folder.glob("*/*.yml")):
            found.setdefault((path.parent.name, path.stem), RunbookFile(path.stem, path.parent.name, path))
    return tuple(found.values())


def find_runbook(site: Site, name: str) -> RunbookFile:
    """The runbook called `name` or `kind/name`.

    Raises:
        NotFound: there is none, or several kinds have one and the kind was not given.
    """
    everything = list_runbooks(site)
    hits = [item for item in everything if name in (item.name, f"{item.kind}/{item.name}")]
    if len(hits) == 1:
        return hits[0]
    if hits:
        names = ", ".join(f"{item.kind}/{item.name}" for item in hits)
        raise NotFound(Text(f"{name} 有多个：{names}", f"{name} is ambiguous: {names}"))
    raise NotFound(
        Text(f"没有名为 {name} 的运行手册", f"there is no runbook named {name}"),
        _near(name, sorted({item.name for item in everything})),
    )


def read_documents(site: Site, name: str, checks: Registry[CheckPlugin]) -> Documents:
    """Read the runbook and what belongs to it.

    Raises:
        NotFound: there is no such runbook.
        InvalidDocument: errors in the runbook, or free commands in it that nobody has accepted.
    """
    found = find_runbook(site, name)
    runbook = read_runbook(str(found.path), read_file(found.path), checks)
    items = free_items(runbook, checks)
    if problems := unaccepted(items, read_all_acceptances(site)):
        raise InvalidDocument(problems)
    digests = {str(found.path): runbook.sha256}
    digests |= {str(found.path.parent / item.file): _sha256(item.source) for item in items if item.file}
    thresholds: Mapping[str, Mapping[str, Threshold]] = {}
    if site.thresholds is not None:
        content = read_file(site.thresholds)
        thresholds = read_thresholds(str(site.thresholds), content, checks)
        digests[str(site.thresholds)] = _sha256(content)
    return Documents(runbook, thresholds, digests, {item.file: item.source for item in items if item.file})


def read_all_acceptances(site: Site) -> tuple[Acceptance, ...]:
    """What people have accepted, at the site and in the product's release."""
    return tuple(
        item
        for path in site.accepted
        if path.is_file()
        for item in read_acceptances(str(path), read_file(path))
    )


def read_catalogue(site: Site, places: Collection[str] | None = None) -> Catalogue:
    """The site's systems; empty when it has no `systems.yml`.

    Args:
        places: the inventory's hosts and groups, where they are known: naming any other is an error.
    """
    if site.systems is None:
        return Catalogue(())
    return read_systems(str(site.systems), read_file(site.systems), places)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _near(name: str, known: Sequence[str]) -> Text:
    if near := ", ".join(near_names(name.rpartition("/")[2], known)):
        return Text(f"是否指 {near}？", f"did you mean {near}?")
    return Text(f"可用：{', '.join(known)}", f"there are: {', '.join(known)}")
