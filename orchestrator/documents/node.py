"""The positioned tree of a YAML file: plain values, each knowing its line and column."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from orchestrator.errors import Position

Plain: TypeAlias = bool | int | float | str | None
Node: TypeAlias = "ScalarNode | ListNode | MapNode"


@dataclass(frozen=True, slots=True)
class ScalarNode:
    """A single value."""

    position: Position
    value: Plain
    text: str
    """As written, without its quotes: `1.10` stays `1.10`."""
    literal: bool = False
    """Whether it is a `|` block, whose lines are those of the file."""


@dataclass(frozen=True, slots=True)
class ListNode:
    """A sequence."""

    position: Position
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """One `key: value` of a mapping."""

    key: Position
    value: Node


@dataclass(frozen=True, slots=True)
class MapNode:
    """A mapping. Keys are text, each once, in the order of the file."""

    position: Position
    entries: Mapping[str, Entry]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a path such as `("tasks", 0, "check")` leads in a tree."""

    node: Node
    """What lies there, or its nearest surroundings."""
    label: str
    """How a person calls it: the last key on the way, with a number within a list."""
    key: Position
    """The key that leads there; the value's own place where no key does."""
    exact: bool
    """False: a part of the path does not exist, or names no place in the file (a member of a union)."""


def plain(node: Node) -> object:
    """The tree as dictionaries, lists and scalars. The loader's limit on depth bounds the recursion."""
    match node:
        case ScalarNode():
            return node.value
        case ListNode():
            return [plain(item) for item in node.items]
        case MapNode():
            return {key: plain(entry.value) for key, entry in node.entries.items()}


def entries(node: Node | None) -> Mapping[str, Entry]:
    """What a mapping holds; nothing where there is none."""
    return node.entries if isinstance(node, MapNode) else {}


def items(node: Node | None) -> tuple[Node, ...]:
    """What a list holds; nothing where there is none."""
    return node.items if isinstance(node, ListNode) else ()


def child(node: Node | None, key: str) -> Node | None:
    """The value of `key`, where `node` is a mapping that has it."""
    entry = entries(node).get(key)
    return entry.value if entry else None


def place(root: Node, path: Sequence[str | int]) -> Place:
    """Follow `path` as far as the tree goes, passing over parts that are no place in the file."""
    node, label, key, exact = root, "", root.position, True
    for part in path:
        if isinstance(node, MapNode) and isinstance(part, str) and part in node.entries:
            entry = node.entries[part]
            node, label, key = entry.value, part, entry.key
        elif isinstance(node, ListNode) and isinstance(part, int) and 0 <= part < len(node.items):
            node, label = node.items[part], f"{label}[{part + 1}]"
            key = node.position
        else:
            exact = False
    return Place(node, label, key, exact)


def strings(node: Node) -> Iterator[ScalarNode]:
    """Every text value in the tree, keys left out."""
    match node:
        case ScalarNode():
            if isinstance(node.value, str):
                yield node
        case ListNode():
            for item in node.items:
                yield from strings(item)
        case MapNode():
            for entry in node.entries.values():
                yield from strings(entry.value)
