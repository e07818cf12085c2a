"""Turns what Ansible complains of on stderr into one error that a person can act on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from orchestrator.errors import InvalidInventory
from orchestrator.language import Text
from orchestrator.model.near_name import near_names
from orchestrator.reach.vault import no_password, wrong_password

NO_HOSTS = "leaves us with no hosts to target"

_LONGEST = 600
_UNPARSED = re.compile(r"^\[ERROR\]: Completely failed to parse inventory source (.+)$", re.MULTILINE)
_REASON = re.compile(
    r"^\[WARNING\]: Failed to parse inventory with '(?P<plugin>[^']+)' plugin: (?P<reason>.+?)\n\n"
    r".*?^Origin: (?P<origin>.+?)$",
    re.MULTILINE | re.DOTALL,
)
_UNKNOWN = re.compile(r"^\[WARNING\]: Could not match supplied host pattern, ignoring: (.*)$", re.MULTILINE)


def explain(stderr: str, password_file: Path | None) -> InvalidInventory:
    """The error behind a command that failed."""
    if "no vault secrets were found that could decrypt" in stderr and password_file is not None:
        return wrong_password(password_file)
    if "no vault secrets" in stderr:
        return no_password()
    unparsed = _UNPARSED.search(stderr)
    if unparsed:
        return _unparsed(unparsed[1], stderr)
    return InvalidInventory(
        Text(
            f"Ansible 拒绝了这份清单：{_trimmed(stderr)}",
            f"Ansible refuses the inventory: {_trimmed(stderr)}",
        )
    )


def unmatched(stderr: str) -> tuple[str, ...]:
    """The parts of patterns and limit that Ansible knows no host or group for, and would pass over."""
    return tuple(dict.fromkeys(_UNKNOWN.findall(stderr)))


def unknown_names(names: Sequence[str], known: Iterable[str]) -> InvalidInventory:
    """An unknown name is an error, though Ansible only warns: half a round must not look like a whole one."""
    candidates = sorted(known)
    near = [match for name in names for match in near_names(name.lstrip("!&"), candidates, 1)]
    listed = ", ".join(names)
    return InvalidInventory(
        Text(f"清单里没有这样的主机或组：{listed}", f"the inventory has no such host or group: {listed}"),
        Text(f"是否指 {', '.join(near)}？", f"did you mean {', '.join(near)}?") if near else None,
    )


def no_hosts(patterns: Sequence[str], limit: str | None) -> InvalidInventory:
    """Nothing to look at is no green round."""
    listed = ", ".join(patterns)
    if limit is None:
        return InvalidInventory(
            Text(f"没有主机符合：{listed}", f"no host matches: {listed}"),
            Text(
                "用 ansible-inventory --graph 查看组成员",
                "see who is in a group by ansible-inventory --graph",
            ),
        )
    return InvalidInventory(
        Text(
            f"范围 {limit} 之内没有主机符合：{listed}",
            f"within the limit {limit} no host matches: {listed}",
        ),
        Text("检查 --limit", "check --limit"),
    )


def _unparsed(source: str, stderr: str) -> InvalidInventory:
    reason = _reason(Path(source), stderr)
    return InvalidInventory(
        Text(
            f"Ansible 读不懂清单 {source}：{reason}", f"Ansible can't parse the inventory {source}: {reason}"
        )
    )


def _reason(source: Path, stderr: str) -> str:
    """Of what each plugin tried and said, what the one said that the file was meant for."""
    said = {match["plugin"]: match for match in _REASON.finditer(stderr)}
    suffix = "yaml" if source.suffix in {".yml", ".yaml", ".json"} else "ini"
    for plugin in ("script", suffix, *reversed(said)):
        if plugin in said:
            reason = said[plugin]["reason"].removeprefix("Failed to parse inventory: ")
            places = re.findall(rf"^Origin: {re.escape(str(source))}(:\d+\S*)$", stderr, re.MULTILINE)
            return f"{reason[:_LONGEST]}{f' ({source.name}{places[0]})' if places else ''}"
    return _trimmed(stderr)


def _trimmed(stderr: str) -> str:
    errors = re.findall(r"^\[ERROR\]: (.+)$", stderr, re.MULTILINE) or stderr.strip().splitlines()[-3:]
    return " ".join(" ".join(errors).split())[:_LONGEST]
