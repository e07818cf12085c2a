"""NGX01: whether nginx runs, its configuration would load again, and it answers where it tells its status."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pydantic import Field

from orchestrator.language import Text
from orchestrator.model.check import CheckSpec, Layer, Metric
from orchestrator.model.observation import Observation
from orchestrator.model.threshold import Direction
from orchestrator.plugin.check import Ask, CheckParameters
from orchestrator_plugins.linux.answer import (
    SBIN,
    excerpt,
    forbidden,
    inability,
    output,
    sections,
    unreadable,
)

NGINX = (
    f"set -- %s %s; export LC_ALL=C {SBIN}; "
    "command -v nginx >/dev/null || exit 127; echo '@@@ processes'; ps -e -o args= || exit 1; "
    'echo \'@@@ test\'; if [ -n "$1" ]; then nginx -t -q -c "$1" 2>&1; else nginx -t -q 2>&1; fi; '
    'echo "@@@ ended $?"; [ -z "$2" ] || { echo \'@@@ status\'; '
    'curl -sS -m 5 -- "$2" 2>&1; echo; echo "@@@ answered $?"; }'
)

spec = CheckSpec(
    code="NGX01",
    title=Text("Nginx 配置与存活", "nginx configuration and life"),
    layer=Layer.APPLICATION,
    metrics=(
        Metric("masters", Text("主进程数", "master processes"), crit="< 1", source="domain.md 3.8 NGX01"),
        Metric(
            "configuration",
            Text("配置检查", "configuration test"),
            direction=Direction.NONE,
            crit="!= ok",
            source="domain.md 3.8 NGX01",
        ),
        Metric(
            "status",
            Text("状态页", "status page"),
            direction=Direction.NONE,
            crit="!= ok",
            source="domain.md 3.8 NGX01",
        ),
        Metric("connections", Text("活动连接", "active connections"), source="domain.md 3.8 NGX01"),
    ),
)


class Parameters(CheckParameters):
    configuration: str = Field(default="", pattern=r"^(/.*)?$")
    """The configuration file; empty: the one that nginx was built with."""
    status_url: str = Field(default="", pattern=r"^(https?://.*)?$")
    """Where stub_status answers on the host itself: `http://127.0.0.1/nginx_status`. Asked by curl."""


def observe(ask: Ask, parameters: Parameters) -> Iterable[Observation]:
    said = output(ask.run(NGINX, parameters.configuration, parameters.status_url))
    parts = sections(said)
    masters = [line for line in parts.get("processes", "").splitlines() if line.startswith("nginx: master")]
    yield Observation("masters", len(masters), evidence=excerpt(masters))
    if parameters.status_url:
        yield from _status(parts, parameters.status_url)
    words = parts.get("test", "")
    if "ended 0" in parts:
        yield Observation("configuration", "ok")
    elif forbidden(words):
        # Keys and logs are root's: that we may not read them says nothing about the configuration.
        raise inability(1, words)
    elif "[emerg]" in words:
        yield Observation("configuration", "failed", evidence=excerpt(words.splitlines()))
    else:
        raise unreadable(words)


def _status(parts: Mapping[str, str], url: str) -> Iterable[Observation]:
    words = parts.get("status", "")
    first = words.strip().split("\n")[0]
    if first.startswith("Active connections:"):
        yield Observation("status", "ok", url)
        yield Observation("connections", float(first.split(":")[1]), url)
    else:
        yield Observation("status", "failed", url, excerpt(words.splitlines()))
