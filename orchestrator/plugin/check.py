"""The seam of a check plugin: a plain module that asks, and says what it saw.

A module in `orchestrator_plugins/checks/` with three names, and one line in pyproject.toml:

    spec = CheckSpec(code="LNX03", ...)

    class Parameters(CheckParameters): ...

    def observe(ask: Ask, parameters: Parameters) -> Iterable[Observation]: ...

`observe` may be run several times until all that it asks is known, so it must do nothing but ask and
compute. It raises NotApplicable or CannotTell where there is no value, and leaves judging to its caller.
What it yields before it raises is kept. An exception that is no `Exception` passes through it: so a question
without an answer yet gets out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler
from pydantic_core import CoreSchema

from orchestrator.model.check import CheckSpec
from orchestrator.model.observation import Observation
from orchestrator.model.question import HttpAnswer, SqlAnswer, TcpAnswer, TlsAnswer
from orchestrator.plugin.attribute_text import attribute_texts

if TYPE_CHECKING:
    from testinfra.backend.base import CommandResult
    from testinfra.host import Host as TestinfraHost


class CheckParameters(BaseModel):
    """Base of a check's parameters: unknown keys are refused, values are frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """The text below a parameter describes it. It is read for who asks for a schema: pydantic's own way
        reads the source of every plugin at each start."""
        found = handler(schema)
        properties = handler.resolve_ref_schema(found).get("properties", {})
        for name, text in attribute_texts(cls).items():
            if name in properties:
                properties[name].setdefault("description", text)
        return found


class Ask(Protocol):
    """All that a check may ask. Nothing in it changes a host or reaches one past the plan."""

    @property
    def host(self) -> TestinfraHost:
        """testinfra's host, every command of it answered in batches."""

    @property
    def name(self) -> str:
        """The host's name in the inventory."""

    @property
    def address(self) -> str:
        """The host's address, for probes from the worker."""

    @property
    def variables(self) -> Mapping[str, object]:
        """The host's Ansible variables, without those that hold secrets."""

    @property
    def now(self) -> datetime:
        """The round's time, aware. The worker's clock, not the host's."""

    def run(self, command: str, *arguments: str) -> CommandResult:
        """Run a shell command; `arguments` are quoted into its `%s` places, as testinfra does.

        Raises:
            CannotTell: it timed out or took its shell down.
        """

    def tcp(self, address: str, port: int) -> TcpAnswer: ...

    def http(
        self, url: str, headers: Mapping[str, str] | None = None, *, verify: bool = True
    ) -> HttpAnswer: ...

    def tls(self, address: str, port: int, server_name: str = "") -> TlsAnswer: ...

    def sql(self, url: str, statement: str) -> SqlAnswer:
        """Run one read-only statement.

        Raises:
            CannotTell: the database could not be asked.
        """

    def file(self, path: str) -> bytes:
        """A site file of the plan, as it was frozen when the plan was made.

        Raises:
            CannotTell: the plan has no such file.
        """


class CheckPlugin(Protocol):
    """What the registry hands out."""

    @property
    def spec(self) -> CheckSpec: ...

    @property
    def Parameters(self) -> type[CheckParameters]: ...  # noqa: N802 - it is a class

    def observe(self, ask: Ask, parameters: Any) -> Iterable[Observation]: ...
