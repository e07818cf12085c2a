"""Which of the two products answers, and its status variables."""

from __future__ import annotations

from orchestrator.errors import CannotTell
from orchestrator.language import Text
from orchestrator.plugin.check import Ask


def is_mariadb(ask: Ask, url: str) -> bool:
    return "mariadb" in str(ask.sql(url, "select version()").rows[0][0]).lower()


def status(ask: Ask, url: str, name: str) -> float:
    """One number of SHOW GLOBAL STATUS; `name` is one of ours, never a user's.

    Raises:
        CannotTell: the server does not know it.
    """
    rows = ask.sql(url, f"show global status like '{name}'").rows
    if not rows:
        raise CannotTell(Text(f"服务器没有状态变量 {name}", f"the server has no status variable {name}"))
    return float(str(rows[0][1]))
