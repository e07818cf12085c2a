"""Jinja as Ansible speaks it, in a sandbox that bounds what a template can call, produce and repeat."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache, wraps
from itertools import chain
from typing import Any, TypeVar

from jinja2 import StrictUndefined, Template, TemplateSyntaxError, nodes, pass_context
from jinja2.exceptions import SecurityError
from jinja2.nativetypes import NativeEnvironment
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from orchestrator.errors import InputError
from orchestrator.language import Text
from orchestrator.planning.filters import FILTERS, TESTS

LONGEST = 65_536
"""Characters or elements that any one value may have."""
MOST_STEPS = 10_000
"""Turns of all loops and ranges of one rendering together."""
MOST_BITS = 4_096
"""Of an integer."""

SCOPE = "<scope>"
"""Where a context keeps its scope: no name that a template could write."""

Function = TypeVar("Function", bound=Callable[..., Any])

_REFUSED_METHODS = frozenset(
    [
        "format",
        "format_map",
        "center",
        "ljust",
        "rjust",
        "zfill",
        "expandtabs",
        "replace",
        "join",
        "translate",
        "encode",
    ]
)
_WITHOUT = ("center", "format", "pprint", "random", "wordwrap", "xmlattr", "urlize")


def looks_like_template(text: str) -> bool:
    return "{{" in text or "{%" in text or "{#" in text


def holds_template(value: object) -> bool:
    """Whether any text in it looks like one."""
    match value:
        case str():
            return looks_like_template(value)
        case Mapping():
            return any(holds_template(inner) for inner in value.values())
        case list() | tuple():
            return any(holds_template(inner) for inner in value)
    return False


@lru_cache(maxsize=4_096)
def compile_template(text: str) -> Template:
    """Compiled once for all hosts.

    Raises:
        TemplateSyntaxError: it is no template.
    """
    if len(text) > LONGEST:
        raise TemplateSyntaxError("the template is too long", 1)
    return _ENVIRONMENT.from_string(text)


def evaluate(template: Template, scope: object) -> Any:
    """A template that is one expression gives the expression's own value; any other gives text.

    Unlike Jinja's native types, and like Ansible since 2.19, text that merely looks like a number stays text.
    """
    context = template.new_context({SCOPE: scope})
    return _concat(template.root_render_func(context))


def undefined(reason: str) -> StrictUndefined:
    """A value that `default` and `is defined` see as missing, and that nothing else can use."""
    return StrictUndefined(hint=reason)


def _concat(values: Iterable[Any]) -> Any | None:
    found = list(values)
    if len(found) == 1:
        return found[0]
    return _bounded("".join("" if part is None else str(part) for part in found))


def _bounded(value: Any) -> Any:
    if isinstance(value, str | list | tuple | dict) and len(value) > LONGEST:
        raise SecurityError(f"a value of more than {LONGEST} characters or elements")
    return value


class _Context(Context):
    """Looks a name up among what the template itself set, then in the scope, then among the functions."""

    def resolve_or_missing(self, key: str) -> Any:
        if key in self.vars:
            return self.vars[key]
        scope = self.parent[SCOPE]
        return scope.resolve(key) if key in scope else super().resolve_or_missing(key)


class _Guard(NodeTransformer):
    """Makes loops and concatenations countable, and refuses what could repeat itself without them."""

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802 - Jinja's name
        if node.recursive:
            return self._refuse(node)
        self.generic_visit(node)
        node.iter = nodes.Filter(node.iter, "<counted>", [], [], None, None, lineno=node.lineno)
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802 - Jinja's name
        self.generic_visit(node)
        parts = nodes.List(node.nodes, lineno=node.lineno)
        return nodes.Filter(parts, "<joined>", [], [], None, None, lineno=node.lineno)

    def _refuse(self, node: nodes.Node) -> nodes.Node:
        raise TemplateSyntaxError(f"{type(node).__name__.lower()} is not supported here", node.lineno)

    visit_Macro = visit_CallBlock = visit_Block = visit_Include = _refuse  # noqa: N815 - Jinja's names
    visit_Import = visit_FromImport = visit_Extends = _refuse  # noqa: N815 - Jinja's names


class _Environment(ImmutableSandboxedEnvironment, NativeEnvironment):
    intercepted_binops = frozenset({"*", "**", "+", "%"})
    context_class = _Context
    concat = staticmethod(_concat)

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        guarded: nodes.Template = _Guard().visit(tree)
        guarded.set_environment(self)
        return guarded

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        if isinstance(obj, str) and attr in _REFUSED_METHODS:
            return False
        return super().is_safe_attribute(obj, attr, value)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        if _too_large(operator, left, right):
            raise SecurityError(f"the result of {operator} would be too large")
        return _bounded(super().call_binop(context, operator, left, right))


def _too_large(operator: str, left: Any, right: Any) -> bool:
    match operator, left, right:
        case "%", str(), _:
            return True  # printf widths; Ansible's users write filters
        case "*", str() | list() | tuple(), int():
            return len(left) * right > LONGEST
        case "*", int(), str() | list() | tuple():
            return len(right) * left > LONGEST
        case "*", int(), int():
            return left.bit_length() + right.bit_length() > MOST_BITS
        case "**", int(), int():
            return left.bit_length() * abs(right) > MOST_BITS
    return False


@pass_context
def _as_it_is(_context: Context, value: Any) -> Any:
    """Keeps Jinja from turning a constant such as `{{ 5 }}` into text while it compiles."""
    return value


@pass_context
def _counted(context: Context, values: Iterable[Any]) -> Iterator[Any]:
    scope = context.parent[SCOPE]
    for value in values:
        scope.count(1)
        yield value


@pass_context
def _range(context: Context, *ends: int) -> range:
    found = range(*ends)
    context.parent[SCOPE].count(len(found))
    return found


def _joined(parts: Iterable[Any]) -> str:
    return str(_bounded("".join(str(part) for part in parts)))


def _limited(function: Function) -> Function:
    @wraps(function)
    def limited(*arguments: Any, **named: Any) -> Any:
        return _bounded(function(*arguments, **named))

    return limited  # type: ignore[return-value]  # `wraps` keeps the signature, which mypy can't see


def _refuse_lookup(*_arguments: Any, **_named: Any) -> Any:
    raise InputError(
        Text(
            "不支持 lookup：它会在本机读取文件或执行命令",
            "lookup is not supported: it reads or runs things here",
        ),
        Text("把值写进清单变量或保险库", "write the value into an inventory variable or a vault"),
    )


def _environment() -> _Environment:
    environment = _Environment(
        undefined=StrictUndefined,
        finalize=_as_it_is,
        optimized=False,
        keep_trailing_newline=True,
        autoescape=False,
    )
    own: Mapping[str, Callable[..., Any]] = FILTERS
    for name, function in chain(list(environment.filters.items()), own.items()):
        environment.filters[name] = _limited(function)
    for name in _WITHOUT:
        del environment.filters[name]
    environment.filters |= {"<counted>": _counted, "<joined>": _joined}
    environment.tests |= TESTS
    lookups = dict.fromkeys(("lookup", "query", "q"), _refuse_lookup)
    environment.globals = {"dict": dict, "range": _range, **lookups}
    return environment


_ENVIRONMENT = _environment()
