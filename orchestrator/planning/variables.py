"""Ansible variables, rendered when they are asked for: a variable may be a template over others."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jinja2 import TemplateError, TemplateSyntaxError, Undefined, UndefinedError
from jinja2.exceptions import SecurityError

from orchestrator.errors import InputError
from orchestrator.language import Text
from orchestrator.model.inventory import Inventory, Verbatim
from orchestrator.model.secret import looks_secret
from orchestrator.planning.template import (
    MOST_STEPS,
    compile_template,
    evaluate,
    looks_like_template,
    undefined,
)


@dataclass(frozen=True, slots=True)
class Rendered:
    """A value, and which secret variables it was made of."""

    value: Any
    """JSON: text, number, yes or no, nothing, list or mapping."""
    secrets: frozenset[str] = frozenset()
    """Names. Empty: the value may be shown."""


class Variables:
    """All hosts' variables."""

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory
        self.groups = {name: list(members) for name, members in inventory.members.items()}
        """`groups`, once for all hosts: else a large inventory costs the square of its size."""
        self._scopes: dict[str, Scope] = {}
        self._frames: list[set[str]] = []
        self._steps = 0

    def of(self, host: str) -> Scope:
        """The variables of one host, as its `hostvars`."""
        if host not in self._scopes:
            self._scopes[host] = self.scope(host, {})
        return self._scopes[host]

    def scope(self, host: str, play: Mapping[str, object]) -> Scope:
        """The variables of one host within a play, whose own variables come first."""
        described = self._inventory.hosts[host]
        return Scope(
            self, host, {**described.variables, **play}, described.vaulted - play.keys(), _HostVars(self)
        )

    @property
    def inventory(self) -> Inventory:
        return self._inventory

    def count(self, steps: int) -> None:
        """Take note of that many turns of a loop.

        Raises:
            SecurityError: it was one too many.
        """
        self._steps += steps
        if self._steps > MOST_STEPS:
            raise SecurityError(f"more than {MOST_STEPS} turns of a loop")

    def begin(self) -> None:
        if not self._frames:
            self._steps = 0
        self._frames.append(set())

    def note(self, secrets: Iterable[str]) -> None:
        if self._frames:
            self._frames[-1].update(secrets)

    def noted(self) -> bool:
        """Whether the rendering under way has used a secret."""
        return any(self._frames)

    def end(self) -> frozenset[str]:
        return frozenset(self._frames.pop())


class Scope:
    """What the names in one host's templates mean."""

    def __init__(
        self,
        variables: Variables,
        host: str,
        own: Mapping[str, object],
        vaulted: frozenset[str],
        hostvars: Mapping[str, object],
    ) -> None:
        self._variables = variables
        self._own = own
        self._vaulted = vaulted
        self._magic = {**_magic(variables.inventory, host), "groups": variables.groups, "hostvars": hostvars}
        self._done: dict[str, Rendered] = {}
        self._under_way: list[str] = []

    def __contains__(self, name: object) -> bool:
        return name in self._magic or name in self._own

    def __iter__(self) -> Iterator[str]:
        return iter(self._own)

    def is_secret(self, name: str) -> bool:
        """Whether a variable's own value must not be shown: vaulted, or named like a secret."""
        return name in self._vaulted or (name in self._own and looks_secret(name))

    def get(self, name: str) -> Rendered | None:
        """A variable, rendered; None if there is none of that name.

        Raises:
            InputError: its template can't be rendered.
        """
        if name not in self:
            return None
        if name in self._magic:
            return Rendered(_plain(self._magic[name]))
        try:
            return self._variable(name)
        except UndefinedError as error:
            raise _not_defined(str(error)) from None

    def render(self, template: object) -> Rendered:
        """Render every template in a text, list or mapping.

        Raises:
            InputError: one of them is no template, uses what is not defined, or asks too much.
        """
        self._variables.begin()
        try:
            value = self._rendered(template)
        except UndefinedError as error:
            raise _not_defined(str(error)) from None
        finally:
            secrets = self._variables.end()
        return Rendered(value, secrets)

    def resolve(self, name: str) -> Any:
        """A variable for a template that names it; undefined if it is a template over what is undefined."""
        if name in self._magic:
            return self._magic[name]
        try:
            found = self._variable(name)
        except UndefinedError as error:
            return undefined(f"{name}: {error}")
        self._variables.note(found.secrets)
        return found.value

    def count(self, steps: int) -> None:
        self._variables.count(steps)

    def _variable(self, name: str) -> Rendered:
        if name not in self._done:
            self._done[name] = self._render_variable(name)
        return self._done[name]

    def _render_variable(self, name: str) -> Rendered:
        if name in self._under_way:
            raise _circular([*self._under_way[self._under_way.index(name) :], name])
        self._under_way.append(name)
        self._variables.begin()
        try:
            value = self._rendered(self._own[name])
        finally:
            self._under_way.pop()
            secrets = self._variables.end()
        return Rendered(value, secrets | {name} if self.is_secret(name) else secrets)

    def _rendered(self, value: object) -> Any:
        match value:
            case Verbatim():
                return str(value)
            case str() if looks_like_template(value):
                return self._evaluated(value)
            case Mapping():
                return {key: self._rendered(inner) for key, inner in value.items()}
            case list() | tuple():
                return [self._rendered(inner) for inner in value]
        return value

    def _evaluated(self, text: str) -> Any:
        try:
            return _plain(evaluate(compile_template(text), self))
        except (UndefinedError, InputError):
            raise
        except TemplateSyntaxError as error:
            raise _wrong(f"{error.message}", text) from None
        except RecursionError:
            raise _wrong("it is nested too deeply", text) from None
        except SyntaxError as error:  # Python's: Jinja compiles to it, and it has limits of its own
            raise _wrong(error.msg, text) from None
        except (
            TemplateError,
            ArithmeticError,
            AttributeError,
            LookupError,
            TypeError,
            ValueError,
            MemoryError,
        ) as error:
            # What failed may quote a value; of a secret, only the kind of failure is said.
            quoted = "" if self._variables.noted() else str(error)
            raise _wrong(quoted or type(error).__name__, text) from None


class _HostVars(Mapping[str, object]):
    """`hostvars`: every host's variables, without the variables of the play that asks."""

    def __init__(self, variables: Variables) -> None:
        self._variables = variables

    def __getitem__(self, host: str) -> object:
        if host not in self._variables.inventory.hosts:
            raise KeyError(host)
        return _View(self._variables.of(host))

    def __iter__(self) -> Iterator[str]:
        return iter(self._variables.inventory.hosts)

    def __len__(self) -> int:
        return len(self._variables.inventory.hosts)


class _View(Mapping[str, object]):
    """One host's variables as a mapping, for `hostvars[host]`."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def __getitem__(self, name: str) -> object:
        if name not in self._scope or name == "hostvars":
            raise KeyError(name)
        return self._scope.resolve(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._scope)

    def __len__(self) -> int:
        return sum(1 for _ in self._scope)


def _magic(inventory: Inventory, host: str) -> dict[str, object]:
    groups = sorted(inventory.hosts[host].groups) or ["ungrouped"]
    return {
        "inventory_hostname": host,
        "inventory_hostname_short": host.partition(".")[0],
        "group_names": groups,
    }


def _plain(value: Any) -> Any:
    """Only JSON leaves a template: no generators, functions or undefined values."""
    match value:
        case Undefined():
            value._fail_with_undefined_error()
        case None | bool() | int():
            return value
        case str():
            return str(value)
        case float() if math.isfinite(value):
            return value
        case Mapping():
            return {str(key): _plain(inner) for key, inner in value.items()}
        case Iterator() | Iterable() if not isinstance(value, bytes):
            return [_plain(inner) for inner in value]
    raise TypeError(f"a template must give text, a number, a list or a mapping, not {type(value).__name__}")


def _not_defined(reason: str) -> InputError:
    return InputError(
        Text(f"变量未定义：{reason}", f"undefined variable: {reason}"),
        Text(
            "在清单或运行手册里定义它，或用 default 过滤器",
            "define it in inventory or runbook, or use `default`",
        ),
    )


def _circular(names: list[str]) -> InputError:
    chain = " -> ".join(names)
    return InputError(Text(f"变量循环引用：{chain}", f"variables refer to one another in a circle: {chain}"))


def _wrong(reason: str, text: str) -> InputError:
    shown = text if len(text) <= 120 else f"{text[:117]}..."
    return InputError(
        Text(f"模板无法渲染：{reason}：{shown}", f"template can't be rendered: {reason}: {shown}")
    )
