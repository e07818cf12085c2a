"""Reads the catalogue of a site: its business systems, the platform beneath them, and who needs whom."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, Strict

from orchestrator.documents.findings import Findings, did_you_mean, shown
from orchestrator.documents.node import Node, Plain, ScalarNode, child, items
from orchestrator.documents.validation import FILLED, UNDERSCORED, Advice, validate
from orchestrator.documents.yaml import require_yaml
from orchestrator.errors import Position
from orchestrator.language import Text
from orchestrator.model.system import Catalogue, Component, Tier

Slug = Annotated[str, Field(pattern=UNDERSCORED, max_length=60)]
Name = Annotated[str, Field(min_length=1, max_length=120, pattern=FILLED)]
Minutes = Annotated[int, Strict(), Field(gt=0)]

_LATER = frozenset({"group", "runtime", "checks", "plans", "manual", "faults", "external"})
_Named = tuple[str, Node]
"""A component's slug, "" where it has none, and its node."""


class _PlatformModel(BaseModel):
    """What business systems run on."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Slug
    zh: Name
    en: Name
    tier: Tier
    rto_min: Minutes | None = None
    dep_hard: tuple[Slug, ...] = ()
    dep_soft: tuple[Slug, ...] = ()
    hosts: tuple[Name, ...] = ()

    @property
    def key(self) -> str:
        return self.id


class _SystemModel(BaseModel):
    """A business system, with its number in the contract."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    seq: Annotated[int, Strict(), Field(gt=0)]
    slug: Slug
    zh: Name
    en: Name
    tier: Tier
    rto_min: Minutes | None = None
    dep_hard: tuple[Slug, ...] = ()
    dep_soft: tuple[Slug, ...] = ()
    hosts: tuple[Name, ...] = ()

    @property
    def key(self) -> str:
        return self.slug


class _FileModel(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    systems: tuple[_SystemModel, ...] = ()
    platform: tuple[_PlatformModel, ...] = ()


def read_systems(path: str, data: bytes, places: Collection[str] | None = None) -> Catalogue:
    """The catalogue in `data`.

    Args:
        places: the inventory's hosts and groups, where they are known: no other name may stand in `hosts`.

    Raises:
        InvalidDocument: with all that is wrong.
    """
    findings = Findings(path)
    root = require_yaml(path, data, findings)
    model = validate(_FileModel, root, findings, advise=_advise)
    nodes = [*items(child(root, "systems")), *items(child(root, "platform"))]
    named = [(_text(child(node, "slug") or child(node, "id")), node) for node in nodes]
    _refuse_repeated(named, findings)
    _refuse_open_ends(named, findings)
    _refuse_cycles(named, findings)
    if places is not None:
        _refuse_places(nodes, places, findings)
    if model is None or findings.diagnostics:
        raise findings.error()
    models: list[_SystemModel | _PlatformModel] = [*model.systems, *model.platform]
    return Catalogue(tuple(_component(item) for item in models))


def _advise(model: type[BaseModel], key: str) -> Advice | None:
    if model is _FileModel or key not in _LATER:
        return None
    return Advice(Text("目前不用它：删去", "nothing uses it today: remove it"))


def _component(model: _SystemModel | _PlatformModel) -> Component:
    return Component(
        slug=model.key,
        title=Text(model.zh, model.en),
        tier=model.tier,
        hosts=model.hosts,
        requires=model.dep_hard,
        uses=model.dep_soft,
        seq=model.seq if isinstance(model, _SystemModel) else None,
        rto_minutes=model.rto_min,
    )


def _text(node: Node | None) -> str:
    return node.value if isinstance(node, ScalarNode) and isinstance(node.value, str) else ""


def _references(node: Node, *keys: str) -> Iterator[tuple[str, Position]]:
    for key in keys:
        for item in items(child(node, key)):
            if _text(item):
                yield _text(item), item.position


def _refuse_repeated(named: Sequence[_Named], findings: Findings) -> None:
    seen: dict[Plain, Position] = {}
    for _, node in named:
        for value in (child(node, "slug") or child(node, "id"), child(node, "seq")):
            if not isinstance(value, ScalarNode) or value.value is None:
                continue
            first = seen.setdefault(value.value, value.position)
            if first is not value.position:
                findings.add(
                    value.position,
                    "duplicate-system",
                    Text(f"“{shown(value.value)}”重复", f"'{shown(value.value)}' is there twice"),
                    Text(f"第 {first.line} 行已用过", f"line {first.line} has it already"),
                )


def _refuse_open_ends(named: Sequence[_Named], findings: Findings) -> None:
    known = {slug: None for slug, _ in named if slug}
    for _, node in named:
        for slug, position in _references(node, "dep_hard", "dep_soft"):
            if slug not in known:
                findings.add(
                    position,
                    "unknown-system",
                    Text(
                        f"没有系统或组件“{shown(slug)}”", f"there is no system or component '{shown(slug)}'"
                    ),
                    did_you_mean(slug, known),
                )


def _refuse_cycles(named: Sequence[_Named], findings: Findings) -> None:
    """Each circle of hard dependencies once, where it closes. Walked with a stack: chains may be long."""
    needs = {slug: list(_references(node, "dep_hard")) for slug, node in named if slug}
    done: set[str] = set()
    for start in needs:
        trail: list[str] = []
        ahead = [iter([(start, Position(findings.path))])]
        while ahead:
            slug, position = next(ahead[-1], ("", None))
            if position is None:
                ahead.pop()
                done.update(trail[-1:])
                del trail[-1:]
            elif slug in trail:
                _refuse_circle([*trail[trail.index(slug) :], slug], position, findings)
            elif slug not in done and slug in needs:
                trail.append(slug)
                ahead.append(iter(needs[slug]))


def _refuse_circle(slugs: Sequence[str], position: Position, findings: Findings) -> None:
    circle = " → ".join(slugs)
    findings.add(
        position,
        "dependency-cycle",
        Text(f"dep_hard 成环：{circle}", f"dep_hard runs in a circle: {circle}"),
        Text("其中一处改为 dep_soft", "make one of them dep_soft"),
    )


def _refuse_places(nodes: Sequence[Node], places: Collection[str], findings: Findings) -> None:
    for node in nodes:
        for name, position in _references(node, "hosts"):
            if name not in places:
                findings.add(
                    position,
                    "unknown-host",
                    Text(
                        f"清单里没有主机或组“{shown(name)}”",
                        f"the inventory has no host or group '{shown(name)}'",
                    ),
                    did_you_mean(name, sorted(places)),
                )
