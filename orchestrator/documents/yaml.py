"""The one strict YAML reader: bytes to a positioned tree, or findings that say why not.

It reads the parser's events with a stack of its own, so that neither depth nor size can exhaust the
interpreter, and it knows no tags, aliases, merge keys or second documents at all: what two readers could
take differently is refused.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import yaml

from orchestrator.documents.encoding import decode
from orchestrator.documents.findings import Findings, shown
from orchestrator.documents.node import Entry, ListNode, MapNode, Node, ScalarNode
from orchestrator.documents.scalar import Ambiguous, resolve
from orchestrator.documents.syntax import explain
from orchestrator.errors import Position
from orchestrator.language import Text

DEPTH_LIMIT = 40
NODE_LIMIT = 100_000

# libyaml where the installation has it: some twenty times faster, same events.
_LOADER: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml(path: str, data: bytes, findings: Findings) -> Node | None:
    """The tree of a document. What is wrong with it goes to `findings`; a tree is returned as long as one can
    be built, so that its meaning can be checked in the same go.

    None without a finding: the file holds nothing but comments.
    """
    text = decode(data, findings)
    if text is None:
        return None
    builder = _Builder(path, findings)
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            if not builder.take(event):
                return None
    except yaml.YAMLError as error:
        findings.extend([explain(path, text, error, builder.innermost)])
        return None
    return builder.root


def require_yaml(path: str, data: bytes, findings: Findings) -> Node:
    """The tree of a document that must hold something.

    Raises:
        InvalidDocument: there is no tree.
    """
    root = read_yaml(path, data, findings)
    if root is None and not findings.diagnostics:
        findings.add(
            Position(path),
            "empty",
            Text("文件是空的", "the file is empty"),
            Text("写入内容或删去它", "fill or remove it"),
        )
    if root is None:
        raise findings.error()
    return root


@dataclass(slots=True)
class _Open:
    """A list or mapping whose end has not come yet."""

    position: Position
    is_map: bool
    items: list[Node] = field(default_factory=list)
    entries: dict[str, Entry] = field(default_factory=dict)
    key: tuple[str | None, Position] | None = None
    """The key whose value comes next; its text is None where it can't be used."""

    def closed(self) -> Node:
        if self.is_map:
            return MapNode(self.position, self.entries)
        return ListNode(self.position, tuple(self.items))


class _Builder:
    """Turns events into a tree."""

    def __init__(self, path: str, findings: Findings) -> None:
        self.root: Node | None = None
        self._path = path
        self._findings = findings
        self._open: list[_Open] = []
        self._documents = 0
        self._nodes = 0

    @property
    def innermost(self) -> Position | None:
        return self._open[-1].position if self._open else None

    def take(self, event: yaml.Event) -> bool:
        """Whether to go on."""
        if isinstance(event, yaml.DocumentStartEvent):
            return self._begin(event)
        if isinstance(event, yaml.AliasEvent):
            self._refuse_alias(self._at(event), f"*{event.anchor}")
            self._add(ScalarNode(self._at(event), None, ""))
        elif isinstance(event, yaml.ScalarEvent):
            self._check_properties(event)
            self._add(self._scalar(event))
        elif isinstance(event, yaml.CollectionStartEvent):
            self._check_properties(event)
            return self._enter(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._add(self._open.pop().closed())
        return self._within_limits(event)

    def _at(self, event: yaml.Event) -> Position:
        mark = event.start_mark
        return Position(self._path, mark.line + 1, mark.column + 1) if mark else Position(self._path)

    def _begin(self, event: yaml.DocumentStartEvent) -> bool:
        self._documents += 1
        if self._documents > 1:
            self._findings.add(
                self._at(event),
                "second-document",
                Text("一个文件只能有一个 YAML 文档", "a file holds one YAML document"),
                Text("删去这一行 --- 或拆成两个文件", "remove this --- line or split the file"),
            )
            return False
        if event.version or event.tags:
            self._findings.add(
                self._at(event),
                "directive",
                Text("不支持 %YAML 与 %TAG 指令", "%YAML and %TAG directives are not supported"),
                Text("删去以 % 开头的行", "remove the line that begins with %"),
            )
        return True

    def _within_limits(self, event: yaml.Event) -> bool:
        self._nodes += 1
        if self._nodes <= NODE_LIMIT:
            return not self._findings.full
        self._findings.add(
            self._at(event),
            "too-large",
            Text(f"文件里的值超过 {NODE_LIMIT} 个", f"the file holds more than {NODE_LIMIT} values"),
            Text("拆成几个文件", "split it into several files"),
        )
        return False

    def _enter(self, event: yaml.CollectionStartEvent) -> bool:
        position = self._at(event)
        parent = self._open[-1] if self._open else None
        if parent is not None and parent.is_map and parent.key is None:
            self._refuse_key(position)
        self._open.append(_Open(position, isinstance(event, yaml.MappingStartEvent)))
        if len(self._open) <= DEPTH_LIMIT:
            return self._within_limits(event)
        self._findings.add(
            position,
            "too-deep",
            Text(f"嵌套超过 {DEPTH_LIMIT} 层", f"nested more than {DEPTH_LIMIT} levels deep"),
            Text("检查括号与缩进", "check brackets and indentation"),
        )
        return False

    def _add(self, node: Node) -> None:
        if not self._open:
            # `---` alone is a document that says nothing.
            empty = isinstance(node, ScalarNode) and node.value is None
            self.root = None if empty else node
            return
        parent = self._open[-1]
        if not parent.is_map:
            parent.items.append(node)
        elif parent.key is None:
            parent.key = (self._key(node, parent), node.position)
        else:
            key, position = parent.key
            parent.key = None
            if key is not None:
                parent.entries[key] = Entry(position, node)

    def _key(self, node: Node, parent: _Open) -> str | None:
        if not isinstance(node, ScalarNode):
            return None  # said when it was entered
        if self._findings.at(node.position):
            return None
        if not isinstance(node.value, str):
            word = "null" if node.value is None else node.text
            self._findings.add(
                node.position,
                "non-string-key",
                Text(f"键 {word} 不是文字", f"the key {word} is no text"),
                Text(f'加引号："{word}"', f'quote it: "{word}"'),
            )
            return None
        if node.value in parent.entries:
            line = parent.entries[node.value].key.line
            self._findings.add(
                node.position,
                "duplicate-key",
                Text(f"键“{shown(node.value)}”重复", f"the key '{shown(node.value)}' is there twice"),
                Text(f"第 {line} 行已写过，保留一处", f"it stands in line {line} already; keep one"),
            )
            return None
        return node.value

    def _scalar(self, event: yaml.ScalarEvent) -> ScalarNode:
        position = self._at(event)
        if event.style or not event.implicit[0]:
            return ScalarNode(position, self._sound(event.value, position), event.value, event.style == "|")
        if event.value == "<<":
            self._refuse_merge(position)
            return ScalarNode(position, event.value, event.value)
        value = resolve(event.value)
        if isinstance(value, Ambiguous):
            self._findings.add(position, "ambiguous-scalar", value.message, value.hint)
            return ScalarNode(position, event.value, event.value)
        return ScalarNode(position, value, event.value)

    def _sound(self, text: str, position: Position) -> str:
        """`text`, which escapes may have given what no text of ours may hold."""
        if "\0" in text or any("\ud800" <= char <= "\udfff" for char in text):
            self._findings.add(
                position,
                "control-character",
                Text("文字里含有 NUL 或残缺字符", "the text holds a NUL or half a character"),
                Text("删去 \\0 或 \\ud800 这类转义", "remove escapes such as \\0 or \\ud800"),
            )
        return text

    def _check_properties(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent) -> None:
        position = self._at(event)
        if event.anchor is not None:
            self._refuse_alias(position, f"&{event.anchor}")
        if event.tag is not None:
            self._findings.add(
                position,
                "tag",
                Text(
                    f"不支持 YAML 标签 {shown(event.tag)}",
                    f"YAML tags such as {shown(event.tag)} are not supported",
                ),
                _tag_hint(event.tag),
            )

    def _refuse_alias(self, position: Position, word: str) -> None:
        self._findings.add(
            position,
            "alias",
            Text(
                f"不支持锚点与别名 {shown(word)}",
                f"anchors and aliases such as {shown(word)} are not supported",
            ),
            Text(
                "要文字就加引号；要复用就写在 vars 里",
                "quote it where text is meant; repeat values through vars",
            ),
        )

    def _refuse_merge(self, position: Position) -> None:
        self._findings.add(
            position,
            "merge-key",
            Text("不支持合并键 <<", "the merge key << is not supported"),
            Text("把内容直接写出来", "write the content out"),
        )

    def _refuse_key(self, position: Position) -> None:
        self._findings.add(
            position,
            "non-string-key",
            Text("键须为文字，不能是列表或映射", "a key is text, no list and no mapping"),
            Text(
                '模板要加引号："{{ name }}"',
                'a template needs quotes: "{{ name }}"',
            ),
        )


def _tag_hint(tag: str) -> Text:
    if tag.startswith("!="):
        return Text('阈值加引号："!= active"', 'quote the limit: "!= active"')
    if tag == "!vault":
        return Text(
            "加密的值放进清单的 group_vars，在这里用模板引用",
            "put vaulted values into the inventory's group_vars and name them here in a template",
        )
    return Text("删去它；要文字就加引号", "remove it; quote it where text is meant")
