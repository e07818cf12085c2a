"""Holds a tree against a pydantic model, and says in both languages where and why it does not fit."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, LiteralString, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from orchestrator.documents.findings import Findings, did_you_mean, shown
from orchestrator.documents.node import MapNode, Node, Place, ScalarNode, place, plain
from orchestrator.documents.template import holds_template
from orchestrator.errors import Position
from orchestrator.language import Text

# Patterns of our own models, which have a wording below.
FILLED = r"\S"
ONE_LINE = r"^[^\r\n]*\S[^\r\n]*$"
DASHED = r"^[a-z0-9]+(-[a-z0-9]+)*$"
UNDERSCORED = r"^[a-z][a-z0-9_]*$"
VARIABLE = r"^[A-Za-z_][A-Za-z0-9_]*$"
DIGEST = r"^[0-9a-f]{64}$"

Model = TypeVar("Model", bound=BaseModel)
Given = TypeVar("Given")


@dataclass(frozen=True, slots=True)
class Advice:
    """What is known of a key that a model does not have."""

    hint: Text
    later: bool = True
    """Whether it is a word that a later version will know; otherwise it stands in the wrong place."""


Advise = Callable[[type[BaseModel], str], Advice | None]


def validate(
    model: type[Model],
    node: Node,
    findings: Findings,
    *,
    advise: Advise | None = None,
    templates: bool = False,
    where: str = "",
) -> Model | None:
    """The model's value, or None with what is wrong among `findings`.

    Args:
        advise: says what it knows of a key that the model lacks.
        templates: values that hold templates are exempt, as they are validated again once rendered.
        where: what a person calls `node` itself.
    """
    try:
        return model.model_validate(plain(node))
    except ValidationError as error:
        report = _Report(model, node, findings, advise, templates, where)
        report.add(error.errors(include_url=False, include_input=False))
    return None


def given(value: Given) -> Given:
    """For a field that may be left out: null is not leaving it out."""
    if value is None:
        raise refuse(
            "empty-value",
            Text("这里是空的", "nothing is there"),
            Text("填上值，或删去这个键", "give a value, or remove the key"),
        )
    return value


def refuse(rule: LiteralString, message: Text, hint: Text | None = None) -> PydanticCustomError:
    """What a validator of ours raises."""
    return PydanticCustomError(rule, "{message}", {"message": message, "hint": hint})


class _Report:
    """Turns the errors of one validation into findings."""

    def __init__(
        self,
        model: type[BaseModel],
        root: Node,
        findings: Findings,
        advise: Advise | None,
        templates: bool,
        where: str,
    ) -> None:
        self._model = model
        self._root = root
        self._findings = findings
        self._advise = advise
        self._templates = templates
        self._where = where
        self._unions: set[Position] = set()

    def add(self, errors: list[ErrorDetails]) -> None:
        # Keys that a later version will know come first: what is missing beside them is no news.
        unknown = [error for error in errors if error["type"] == "extra_forbidden"]
        early = {error["loc"][:-1] for error in unknown if self._refuse_key(error)}
        # Of a union's errors the first is told: rather what is wrong with a list than that it is no text.
        for error in sorted(errors, key=lambda error: error["type"].endswith("_type")):
            if self._findings.full:
                return
            if error["type"] == "missing":
                if error["loc"][:-1] not in early:
                    self._refuse_missing(error)
            elif error["type"] != "extra_forbidden":
                self._refuse_value(error)

    def _refuse_key(self, error: ErrorDetails) -> bool:
        """Whether the key is one that a later version will know."""
        key = str(error["loc"][-1])
        position = place(self._root, error["loc"]).key
        owner = _owner(self._model, error["loc"][:-1])
        advice = self._advise(owner, key) if self._advise and owner else None
        if advice is not None and advice.later:
            self._findings.add(
                position,
                "not-supported-yet",
                Text(f"“{shown(key)}”还不支持", f"'{shown(key)}' is not supported yet"),
                advice.hint,
            )
            return True
        self._findings.add(
            position,
            "unknown-key",
            Text(f"未知的键“{shown(key)}”", f"unknown key '{shown(key)}'"),
            advice.hint if advice else did_you_mean(key, _keys(owner)) if owner else None,
        )
        return False

    def _refuse_missing(self, error: ErrorDetails) -> None:
        key = str(error["loc"][-1])
        spot = place(self._root, error["loc"][:-1])
        label = self._label(spot)
        self._findings.add(
            spot.node.position,
            "missing-key",
            Text(
                f"“{label}”里缺少“{key}”" if label else f"缺少“{key}”",
                f"'{key}' is missing in '{label}'" if label else f"'{key}' is missing",
            ),
        )

    def _refuse_value(self, error: ErrorDetails) -> None:
        location = error["loc"]
        spot = place(self._root, location)
        if self._templates and holds_template(spot.node):
            return
        position = spot.key if location and location[-1] == "[key]" else spot.node.position
        if self._findings.at(position) or self._said_for_union(spot):
            return
        self._findings.add(position, *_words(error, spot, self._label(spot)))

    def _label(self, spot: Place) -> str:
        label = spot.label if spot.label and not spot.label.startswith("[") else self._where + spot.label
        return shown(label)

    def _said_for_union(self, spot: Place) -> bool:
        """A value that fits no member of a union gets an error for each of them; one is enough."""
        if spot.exact:
            return False
        seen = spot.node.position in self._unions
        self._unions.add(spot.node.position)
        return seen


def _owner(model: type[BaseModel], path: tuple[str | int, ...]) -> type[BaseModel] | None:
    """The model that the tree's part at `path` is held against."""
    current: type[BaseModel] | None = model
    for part in path:
        if current is not None and isinstance(part, str) and part in current.model_fields:
            current = _model_in(current.model_fields[part].annotation)
        elif current is not None and "root" in current.model_fields:
            current = _model_in(current.model_fields["root"].annotation)
    return current


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = (_model_in(argument) for argument in get_args(annotation))
    return next((model for model in found if model is not None), None)


def _keys(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


_Words = Callable[[Mapping[str, Any]], Text]
_KINDS: Mapping[str, Text] = {
    "string": Text("文字", "text"),
    "int": Text("整数", "a whole number"),
    "float": Text("数", "a number"),
    "finite": Text("有限的数", "a finite number"),
    "bool": Text("true 或 false", "true or false"),
    "list": Text("列表", "a list"),
    "tuple": Text("列表", "a list"),
    "set": Text("列表", "a list"),
    "frozen": Text("列表", "a list"),
    "iterable": Text("列表", "a list"),
    "dict": Text("“键: 值”的映射", "a mapping of 'key: value'"),
    "mapping": Text("“键: 值”的映射", "a mapping of 'key: value'"),
    "model": Text("“键: 值”的映射", "a mapping of 'key: value'"),
    "none": Text("空值", "null"),
}
_PATTERNS: Mapping[str, Text] = {
    FILLED: Text("不能为空", "can't be empty"),
    ONE_LINE: Text("须是一行文字，不能为空", "must be one line of text, and not empty"),
    DASHED: Text("只能用小写字母、数字和短横线", "must be lower-case letters, digits and dashes"),
    UNDERSCORED: Text(
        "只能用小写字母、数字和下划线，以字母开头",
        "must be lower-case letters, digits and underscores, a letter first",
    ),
    VARIABLE: Text(
        "不是变量名：只能用字母、数字和下划线，不以数字开头",
        "is no variable name: letters, digits and underscores, no digit first",
    ),
    DIGEST: Text("须是 64 位十六进制的 SHA-256", "must be a SHA-256 of 64 hexadecimal digits"),
}
_BOUNDS: Mapping[str, _Words] = {
    "greater_than": lambda c: Text(f"须大于 {c['gt']}", f"must be greater than {c['gt']}"),
    "greater_than_equal": lambda c: Text(f"不能小于 {c['ge']}", f"must be at least {c['ge']}"),
    "less_than": lambda c: Text(f"须小于 {c['lt']}", f"must be less than {c['lt']}"),
    "less_than_equal": lambda c: Text(f"不能大于 {c['le']}", f"must be at most {c['le']}"),
    "multiple_of": lambda c: Text(
        f"须是 {c['multiple_of']} 的倍数", f"must be a multiple of {c['multiple_of']}"
    ),
    "string_too_short": lambda c: Text("不能为空或太短", f"needs at least {c['min_length']} characters"),
    "string_too_long": lambda c: Text(
        f"最多 {c['max_length']} 个字", f"may have {c['max_length']} characters"
    ),
    "string_pattern_mismatch": lambda c: _PATTERNS.get(
        c["pattern"], Text(f"须符合 {c['pattern']}", f"must match {c['pattern']}")
    ),
    "too_short": lambda c: Text(f"至少要有 {c['min_length']} 项", f"needs at least {c['min_length']} items"),
    "too_long": lambda c: Text(f"最多 {c['max_length']} 项", f"may have {c['max_length']} items"),
}


def _words(error: ErrorDetails, spot: Place, label: str) -> tuple[str, Text, Text | None]:
    kind, context = error["type"], error.get("ctx", {})
    if isinstance(context.get("message"), Text):
        return kind, context["message"], context["hint"]
    name = Text(f"“{label}”", f"'{label}' ") if label else Text("这个值", "the value ")
    if kind in ("enum", "literal_error"):
        return "unknown-value", *_choice(name, spot, context)
    if kind in _BOUNDS:
        bound = _BOUNDS[kind](context)
        return "invalid-value", Text(f"{name.zh}{bound.zh}", f"{name.en}{bound.en}"), None
    wanted = _KINDS.get(kind.split("_")[0])
    if wanted is not None and kind.endswith(("_type", "_parsing", "_from_float", "_number", "_required")):
        message = Text(f"{name.zh}须是{wanted.zh}", f"{name.en}must be {wanted.en}")
        return "wrong-type", message, _type_hint(kind, spot.node)
    reason = _reason(error)
    return (
        "invalid-value",
        Text(f"{name.zh}不合要求：{reason.zh}", f"{name.en}is not valid: {reason.en}"),
        None,
    )


def _reason(error: ErrorDetails) -> Text:
    """What a plugin's validator says: `ValueError(Text(...))` in both languages, any other in its own."""
    raised = error.get("ctx", {}).get("error")
    if isinstance(raised, ValueError) and raised.args and isinstance(raised.args[0], Text):
        return raised.args[0]
    said = shown(error["msg"].removeprefix("Value error, "))
    return Text(said, said)


def _choice(name: Text, spot: Place, context: Mapping[str, Any]) -> tuple[Text, Text]:
    choices = re.findall("'([^']*)'", str(context["expected"]))
    word = spot.node.text if isinstance(spot.node, ScalarNode) else ""
    message = Text(f"{name.zh}不能是“{shown(word)}”", f"{name.en}can't be '{shown(word)}'")
    return message, did_you_mean(word, choices)


def _type_hint(kind: str, node: Node) -> Text | None:
    if isinstance(node, MapNode | ScalarNode) and kind.startswith(("list", "tuple", "set", "frozen")):
        return Text("每项一行，以 “- ” 开头，或写成 [a, b]", "one item a line, each after '- ', or [a, b]")
    if not isinstance(node, ScalarNode):
        return None
    if kind == "string_type" and node.value is not None:
        return Text(f'加引号："{node.text}"', f'quote it: "{node.text}"')
    if node.value is None:
        return Text("这里是空的：填上值，或删去这个键", "nothing is there: give a value, or remove the key")
    if "：" in node.text:
        return Text("冒号是全角的，改成半角冒号加空格 “: ”", "the colon is full-width; write ': '")
    if kind.startswith(("int", "float")) and isinstance(node.value, str):
        return Text("只写数字，不带引号和单位", "write digits alone, without quotes or a unit")
    return None
