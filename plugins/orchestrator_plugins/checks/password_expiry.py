"""LNX18: days until a local account or its password expires."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from orchestrator.errors import CannotTell, NotApplicable
from orchestrator.language import Text
from orchestrator.model.check import CheckSpec, Layer, Metric
from orchestrator.model.observation import Observation
from orchestrator.model.threshold import Direction
from orchestrator.plugin.check import Ask, CheckParameters
from orchestrator_plugins.linux.answer import excerpt, forbidden, output, sections
from orchestrator_plugins.linux.clock import CLOCK_QUOTED, read_clock

AGES = (
    'export LC_ALL=C PATH="$PATH:/usr/sbin:/sbin"; u=%s; '
    + CLOCK_QUOTED
    + "command -v chage >/dev/null || exit 127; "
    "[ -n \"$u\" ] || u=$(awk -F: '($3 == 0 || $3 >= 1000) && $7 !~ /(nologin|false|sync)$/ {print $1}' "
    "/etc/passwd); "
    'for n in $u; do echo "@@@ user $n"; chage -l "$n" 2>&1; done; :'
)

spec = CheckSpec(
    code="LNX18",
    title=Text("口令与账号到期", "password and account expiry"),
    layer=Layer.SYSTEM,
    metrics=(
        Metric(
            "days_left",
            Text("剩余天数", "days left"),
            unit="d",
            direction=Direction.LOW,
            warn=15,
            crit=5,
            source="domain.md 3.2 LNX18",
        ),
    ),
)

UserName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_.-]*$")]


class Parameters(CheckParameters):
    users: tuple[UserName, ...] = ()
    """Accounts to look at. Empty: root and all accounts of people that have a login shell."""


def observe(ask: Ask, parameters: Parameters) -> Iterable[Observation]:
    parts = sections(output(ask.run(AGES, " ".join(parameters.users))))
    today = read_clock(parts.get("clock", ""), ask.now).date()
    accounts = {name.removeprefix("user "): said for name, said in parts.items() if name.startswith("user ")}
    unread: dict[str, str] = {}
    seen = False
    for user, said in accounts.items():
        try:
            ends = _ends(said, today)
        except ValueError:
            unread[user] = said
            continue
        if ends:
            seen = True
            day, line = min(ends)
            yield Observation("days_left", (day - today).days, user, line)
    if unread:
        raise _unread(unread)
    if not seen:
        raise NotApplicable(Text("这些账号都不会到期", "none of the accounts ever expires"))


def _ends(said: str, today: date) -> list[tuple[date, str]]:
    """Each date on which the account stops working.

    Raises:
        ValueError: it is not what chage says of an account.
    """
    lines = dict(line.split(":", 1) for line in said.splitlines() if ":" in line)
    ages = {name.strip(): value.strip() for name, value in lines.items()}
    if "Password expires" not in ages or "Account expires" not in ages:
        raise ValueError(said)
    found = []
    for name in ("Password expires", "Account expires"):
        value = ages[name]
        if value == "password must be changed":
            found.append((today, f"{name}: {value}"))
        elif value != "never":
            found.append((_day(value), f"{name}: {value}"))
    return found


def _day(written: str) -> date:
    """`Nov 24, 2026`, or ISO as newer versions write."""
    try:
        return date.fromisoformat(written)
    except ValueError:
        return datetime.strptime(written, "%b %d, %Y").date()  # noqa: DTZ007 - a calendar day has no zone


def _unread(unread: dict[str, str]) -> CannotTell:
    users = ", ".join(unread)
    said = "\n".join(unread.values())
    if forbidden(said):
        return CannotTell(
            Text(f"登录用户没有权限查看：{users}", f"the login user is not permitted to see: {users}"),
            excerpt(said.splitlines()),
        )
    return CannotTell(
        Text(f"读不到这些账号：{users}", f"these accounts can't be read: {users}"), excerpt(said.splitlines())
    )
