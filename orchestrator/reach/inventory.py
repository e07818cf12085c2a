"""Asks Ansible what the inventory says, and which hosts each pattern means.

Ansible-runner's `get_inventory` was tried and not taken: it leaves what Ansible printed, decrypted values
included, as artifact files on disk; it adds to our environment and can't take the user's ANSIBLE_* away; it
blocks its thread; and it can't ask for `--list-hosts`. It has its role where playbooks run.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from orchestrator.errors import InvalidInventory
from orchestrator.language import Text
from orchestrator.model.inventory import Inventory
from orchestrator.reach.ansible_command import AnsibleCommand, Ended, ansible_command
from orchestrator.reach.ansible_configuration import refuse_connection_settings
from orchestrator.reach.ansible_refusal import NO_HOSTS, explain, no_hosts, unknown_names, unmatched
from orchestrator.reach.inventory_answer import Answer, describe, group_members
from orchestrator.reach.inventory_cache import CacheFolder, InventoryCache
from orchestrator.reach.inventory_files import InventoryFiles, gather_files
from orchestrator.reach.vault import Vault, assigned_names, open_vault

LOCALHOST = ("localhost", "127.0.0.1", "::1")
"""Names that Ansible knows without an inventory."""

_HOST_LINE = re.compile(r"^ {4}(\S.*)$", re.MULTILINE)
_AT_ONCE = 4


async def read_inventory(
    sources: Sequence[Path],
    patterns: Sequence[str],
    limit: str | None,
    vault_password_file: Path | None,
    cache: CacheFolder | None,
    patience: float = 120.0,
) -> Inventory:
    """All hosts of `sources` with their variables, and which of them each pattern means within `limit`.

    Only what static files say is kept in `cache`, encrypted; what was vaulted is kept vaulted too.

    Raises:
        InvalidInventory: a source is missing or means nothing to Ansible, a vaulted value can't be opened,
            a pattern or a name in `limit` matches no host, or Ansible took more than `patience` seconds.
    """
    absolute = tuple(_absolute(source) for source in sources)
    password_file = _absolute(vault_password_file) if vault_password_file else None
    files = await asyncio.to_thread(gather_files, absolute)
    refuse_connection_settings(files.configuration)
    vault = await asyncio.to_thread(open_vault, password_file)
    vaulted_names = frozenset().union(*(assigned_names(vault.open(text)) for text in files.vaulted))
    remembered = _cache(cache, files, patterns, limit, vault)
    answer = remembered.load() if remembered else None
    if answer is None:
        async with ansible_command(absolute, password_file, files.configuration, patience) as command:
            answer = await _ask(command, tuple(dict.fromkeys(patterns)), limit, password_file)
        # A file that was saved meanwhile would be remembered under the content that it had before.
        if remembered and await asyncio.to_thread(gather_files, absolute) == files:
            remembered.save(answer)
    return await asyncio.to_thread(describe, answer, absolute, vault, vaulted_names)


def _absolute(path: Path) -> Path:
    return path.expanduser().absolute()


def _cache(
    folder: CacheFolder | None,
    files: InventoryFiles,
    patterns: Sequence[str],
    limit: str | None,
    vault: Vault,
) -> InventoryCache | None:
    if folder is None or not files.static or "@" in (limit or ""):
        return None
    # Ansible decrypts whole files in its answer; inline values it leaves as they are.
    return InventoryCache(folder, files.sha256, patterns, limit, vault if files.vaulted else None)


async def _ask(
    command: AnsibleCommand, patterns: Sequence[str], limit: str | None, password_file: Path | None
) -> Answer:
    """Everything at once: each of Ansible's commands takes most of a second, nearly all of it starting up."""
    # Not `ansible-playbook --list-hosts` for all patterns together: it forgets the hosts' order.
    listed, *matched = await _together(
        command, [("ansible-inventory", "--list"), *(_list_hosts(pattern, limit) for pattern in patterns)]
    )
    if listed.status:
        raise explain(listed.stderr, password_file)
    listing = _json(listed.stdout)
    members = group_members(listing)
    matches = _matches(patterns, matched, {*members, *members["all"]}, password_file)
    matches = {pattern: _without_implicit(names, members["all"], limit) for pattern, names in matches.items()}
    await _refuse_empty(command, matches, limit)
    return Answer(listing, matches, await _implicit(command, members["all"], matches))


async def _together(command: AnsibleCommand, calls: Sequence[tuple[str, ...]]) -> list[Ended]:
    turns = asyncio.Semaphore(_AT_ONCE)

    async def run(call: tuple[str, ...]) -> Ended:
        async with turns:
            return await command.run(*call)

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(run(call)) for call in calls]
    except* InvalidInventory as errors:
        raise _first(errors) from None
    return [task.result() for task in tasks]


def _first(errors: BaseExceptionGroup[InvalidInventory]) -> InvalidInventory:
    error = errors.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error


def _list_hosts(pattern: str, limit: str | None) -> tuple[str, ...]:
    return ("ansible", "--list-hosts", *([] if limit is None else [f"--limit={limit}"]), "--", pattern)


def _matches(
    patterns: Sequence[str], matched: Sequence[Ended], known: Iterable[str], password_file: Path | None
) -> dict[str, tuple[str, ...]]:
    unknown = unmatched("\n".join(ended.stderr for ended in matched))
    if unknown:
        raise unknown_names(unknown, known)
    for ended in matched:
        if ended.status and NO_HOSTS not in ended.stderr:
            raise explain(ended.stderr, password_file)
    return {
        pattern: tuple(_HOST_LINE.findall(ended.stdout))
        for pattern, ended in zip(patterns, matched, strict=True)
    }


def _without_implicit(names: Sequence[str], known: Sequence[str], limit: str | None) -> tuple[str, ...]:
    """In a playbook `hosts: localhost` means nobody under another --limit; `ansible` alone lets it pass."""
    if limit is None or set(LOCALHOST) & set(re.split(r"[,:]", limit)):
        return tuple(names)
    return tuple(name for name in names if name in known)


async def _refuse_empty(
    command: AnsibleCommand, matches: Mapping[str, Sequence[str]], limit: str | None
) -> None:
    """A pattern must mean somebody. Within a limit some plays may be left without hosts, but not all."""
    empty = [pattern for pattern, names in matches.items() if not names]
    if not empty:
        return
    if limit is None or len(empty) == len(matches):
        raise no_hosts(empty, limit)
    unlimited = await _together(command, [_list_hosts(pattern, None) for pattern in empty])
    nobody = [
        pattern
        for pattern, ended in zip(empty, unlimited, strict=True)
        if not _HOST_LINE.search(ended.stdout)
    ]
    if nobody:
        raise no_hosts(nobody, None)


async def _implicit(
    command: AnsibleCommand, known: Sequence[str], matches: Mapping[str, Sequence[str]]
) -> dict[str, Mapping[str, object]]:
    names = [
        name
        for name in dict.fromkeys(name for hosts in matches.values() for name in hosts)
        if name not in known
    ]
    if not set(names) <= set(LOCALHOST):
        raise _wavering(", ".join(names))
    described = await _together(command, [("ansible-inventory", f"--host={name}") for name in names])
    return {name: _json(ended.stdout) for name, ended in zip(names, described, strict=True)}


def _json(stdout: str) -> dict[str, Any]:
    try:
        found = json.loads(stdout)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise InvalidInventory(
            Text("ansible-inventory 的输出不是 JSON", "what ansible-inventory printed is no JSON"),
            Text(
                "清单插件不应向标准输出打印其他内容",
                "an inventory plugin must print nothing else on standard output",
            ),
        )
    return found


def _wavering(names: str) -> InvalidInventory:
    return InvalidInventory(
        Text(
            f"动态清单前后两次回答不一致：{names}",
            f"the dynamic inventory answered differently twice: {names}",
        ),
        Text("再运行一次；若仍如此，检查清单脚本", "run again; if it persists, look at the inventory script"),
    )
