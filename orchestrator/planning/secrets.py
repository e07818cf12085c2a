"""Parameters that may hold secrets: templates in the plan, values only just before use."""

from __future__ import annotations

from collections.abc import Mapping

from orchestrator.model.host import Host
from orchestrator.model.inventory import Inventory, InventoryHost, Verbatim
from orchestrator.planning.variables import Variables

_TEMPLATE = "__template__"
_VARIABLES = "variables"


def conceal(template: object, play: Mapping[str, object]) -> object:
    """What a plan holds of such a parameter: the template as written, and what the play adds to it."""
    return {_TEMPLATE: template, _VARIABLES: dict(play)} if play else template


def reveal(concealed: object, host: Host) -> object:
    """The value of what `conceal` put into the plan.

    Raises:
        InputError: the template uses what the host does not have. Groups and other hosts' variables are
            out of its reach: what a secret is made of stands with its host.
    """
    template, play = _opened(concealed)
    alone = InventoryHost(
        host.name, host.groups, {name: _fixed(value) for name, value in host.variables.items()}
    )
    inventory = Inventory({host.name: alone}, frozenset(host.groups), {}, (), "")
    value: object = Variables(inventory).scope(host.name, play).render(template).value
    return value


def as_written(concealed: object) -> object:
    """The template alone of what `conceal` put into the plan, for a person to read."""
    return _opened(concealed)[0]


def _opened(concealed: object) -> tuple[object, Mapping[str, object]]:
    if isinstance(concealed, Mapping) and concealed.keys() == {_TEMPLATE, _VARIABLES}:
        return concealed[_TEMPLATE], concealed[_VARIABLES]
    return concealed, {}


def _fixed(value: object) -> object:
    """A value that was rendered already and is no template any more."""
    match value:
        case str():
            return Verbatim(value)
        case Mapping():
            return {key: _fixed(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_fixed(inner) for inner in value]
    return value
