"""systemctl's answers, and the hosts where there is nobody to give them."""

from __future__ import annotations

from orchestrator.errors import NotApplicable
from orchestrator.language import Text
from orchestrator.plugin.check import Ask
from orchestrator_plugins.linux.answer import output

_ABSENT = "not booted with systemd"
_BOOTED = f"[ -d /run/systemd/system ] || {{ echo '{_ABSENT}'; exit 0; }}; "
"""What sd_booted(3) looks at. systemctl's own words differ by version and sound like failures."""


def systemctl(ask: Ask, command: str, *arguments: str) -> str:
    """What systemctl says.

    Raises:
        NotApplicable: the host was not booted with systemd.
        CannotTell: systemctl fails.
    """
    said = output(ask.run(f"{_BOOTED}LC_ALL=C systemctl --no-pager {command}", *arguments))
    if said.strip() == _ABSENT:
        raise NotApplicable(Text("主机不是由 systemd 启动的", "the host was not booted with systemd"))
    return said
