"""The time zone that a report's clock shows."""

from __future__ import annotations

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from orchestrator.errors import PluginError
from orchestrator.language import Text


def zone(name: str) -> ZoneInfo:
    """The zone of that name.

    Raises:
        PluginError: this machine does not know it; a bare container may have no zones at all.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise PluginError(
            Text(f"本机没有时区 {name} 的数据", f"this machine knows no time zone {name}"),
            Text("安装 tzdata，或更正站点配置的时区", "install tzdata, or mend the site's time zone"),
        ) from None
