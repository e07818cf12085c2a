"""A planned check's parameters as its plugin takes them; secret ones are rendered here, just before use."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import ValidationError

from orchestrator.errors import CannotTell, InputError
from orchestrator.language import Text
from orchestrator.model.host import Host
from orchestrator.model.plan import PlannedCheck
from orchestrator.planning.secrets import reveal
from orchestrator.plugin.check import CheckParameters, CheckPlugin


class Resolver:
    """Resolves the parameters of a round: those of a check that hosts share are validated once."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[PlannedCheck, CheckParameters]] = {}
        """By the check's `id`, which is its own as long as it is held here."""

    def resolve(self, planned: PlannedCheck, plugin: CheckPlugin, host: Host) -> CheckParameters:
        """As `resolve`. What a host's secrets or the site's own Python go into is made for each host."""
        known = self._known.get(id(planned))
        if known is not None:
            return known[1]
        parameters = resolve(planned, plugin, host)
        if not plugin.spec.site_python and planned.parameters.keys().isdisjoint(plugin.spec.secret):
            self._known[id(planned)] = planned, parameters
        return parameters


def resolve(planned: PlannedCheck, plugin: CheckPlugin, host: Host) -> CheckParameters:
    """
    Raises:
        CannotTell: a template can't be rendered, or gives what the plugin does not take. The message names
            the parameter and never its value, which may be a secret.
    """
    try:
        return plugin.Parameters.model_validate(_rendered(planned, plugin, host))
    except InputError as error:
        raise CannotTell(error.message) from None
    except ValidationError as error:
        names = ", ".join(sorted({".".join(map(str, found["loc"])) for found in error.errors()}))
        raise CannotTell(
            Text(f"参数无效：{names}", f"the check does not take these parameters: {names}")
        ) from None


def _rendered(planned: PlannedCheck, plugin: CheckPlugin, host: Host) -> Mapping[str, object]:
    return {
        name: reveal(value, host) if name in plugin.spec.secret else value
        for name, value in planned.parameters.items()
    }
