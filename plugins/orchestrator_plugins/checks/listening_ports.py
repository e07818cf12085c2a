"""LNX10: whether somebody listens on each port that the inventory says this host serves.

Asks /proc/net: every kernel has it, while `ss` is missing on old and small systems and its options differ.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated

from pydantic import BeforeValidator, Field

from orchestrator.errors import NotApplicable
from orchestrator.language import Text
from orchestrator.model.check import CheckSpec, Layer, Metric
from orchestrator.model.observation import Observation
from orchestrator.plugin.check import Ask, CheckParameters
from orchestrator_plugins.linux.answer import output, unreadable

LISTENERS = (
    "[ -r /proc/net/tcp ] || exit 1; for f in tcp tcp6 udp udp6; do [ -r /proc/net/$f ] && "
    """awk -v f=$f '$4 == "0A" || ($4 == "07" && f ~ /^udp/) {print f, $2}' /proc/net/$f; done; :"""
)

spec = CheckSpec(
    code="LNX10",
    title=Text("监听端口", "listening ports"),
    layer=Layer.SYSTEM,
    metrics=(
        Metric("port", Text("端口状态", "port state"), crit="!= listening", source="domain.md 3.2 LNX10"),
    ),
)

Port = Annotated[str, Field(pattern=r"^(tcp|udp)/[1-9][0-9]{0,4}$")]


def _port(written: object) -> object:
    """5432 and "5432" mean tcp/5432."""
    text = str(written).strip().lower()
    return f"tcp/{text}" if text.isdecimal() else text


def _ports(written: object) -> object:
    """All forms to one: what is written -> its port."""
    if isinstance(written, str):
        written = [part for part in written.split(",") if part.strip()]
    if isinstance(written, int):
        written = [written]
    if isinstance(written, list | tuple):
        return {str(_port(port)): _port(port) for port in written}
    if isinstance(written, Mapping):
        return {f"{name} {_port(port)}": _port(port) for name, port in written.items()}
    return written


class Parameters(CheckParameters):
    ports: Annotated[dict[str, Port], BeforeValidator(_ports)]
    """`[22, "udp/53"]`, `"22, 80"` or `{postgres: 5432}`; usually a variable: `"{{ listening_ports }}"`."""


def observe(ask: Ask, parameters: Parameters) -> Iterable[Observation]:
    if not parameters.ports:
        raise NotApplicable(
            Text("台账没有登记这台主机的端口", "the inventory registers no ports for this host")
        )
    said = output(ask.run(LISTENERS))
    listeners = dict(_listeners(said))
    for subject, port in parameters.ports.items():
        address = listeners.get(port)
        state = "missing" if address is None else "listening"
        yield Observation("port", state, subject, address or f"nothing listens on {port}")


def _listeners(said: str) -> Iterator[tuple[str, str]]:
    for line in said.splitlines():
        try:
            family, local = line.split()
            address, port = local.split(":")
            number = int(port, 16)
        except ValueError:
            raise unreadable(line) from None
        protocol = family.removesuffix("6")
        yield f"{protocol}/{number}", f"{protocol} {_readable(address)}:{number}"


def _readable(address: str) -> str:
    """The kernel prints an IPv4 address as one number in the processor's byte order."""
    if len(address) != 8:
        return "[::]" if set(address) == {"0"} else f"[{address}]"
    return ".".join(str(byte) for byte in reversed(bytes.fromhex(address)))
