"""What `redis-cli info` says. All Redis checks of an instance share the one command."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from orchestrator.errors import CannotTell
from orchestrator.language import Text
from orchestrator.plugin.check import Ask, CheckParameters
from orchestrator_plugins.linux.answer import excerpt, output

CLI = (
    "set -- %s %s %s %s; export LC_ALL=C; command -v redis-cli >/dev/null || exit 127; "
    '[ -z "$3" ] || { REDISCLI_AUTH=$(cat -- "$3") || exit 1; export REDISCLI_AUTH; }; '
)
INFO = CLI + 'redis-cli --no-auth-warning -h "$1" -p "$2" info'
"""The password comes from a file on the host by way of the environment: it is in no command line."""


class Instance(CheckParameters):
    """One Redis, as seen from its own host."""

    address: str = Field(default="127.0.0.1", min_length=1, pattern=r"^[^-]")
    port: int = Field(default=6379, ge=1, le=65535)
    password_file: str = Field(default="", pattern=r"^(/.*)?$")
    """A file on the host with the password alone, readable for the login user. Empty: none is needed."""


def read_info(ask: Ask, instance: Instance) -> Mapping[str, str]:
    """Every `name:value` of the answer.

    Raises:
        CannotTell: the server refuses us or can't be reached, or redis-cli is missing.
    """
    result = ask.run(INFO, instance.address, str(instance.port), instance.password_file, "")
    said = output(result)
    found = dict(line.split(":", 1) for line in said.splitlines() if ":" in line and line[0] != "#")
    if "redis_version" not in found:
        # redis-cli ends with 0 when the server says NOAUTH, WRONGPASS, NOPERM or LOADING.
        raise refused(said)
    return found


def refused(said: str) -> CannotTell:
    """The server answered, and not to our question."""
    return CannotTell(Text("Redis 拒绝了请求", "Redis refuses the request"), excerpt(said.splitlines()))


def number(info: Mapping[str, str], name: str) -> float:
    """Raises CannotTell where the server does not say it: an old version, or another product."""
    try:
        return float(info[name])
    except (KeyError, ValueError):
        raise CannotTell(
            Text(f"Redis 没有给出 {name}", f"Redis does not say {name}"), info.get("redis_version", "")
        ) from None
