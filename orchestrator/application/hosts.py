"""The inventory's hosts, and the host keys that a site trusts."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from orchestrator.application.inventory_memory import inventory_memory
from orchestrator.errors import Unreachable
from orchestrator.model.host import Host, Transport
from orchestrator.model.site import Site
from orchestrator.planning.hosts import resolve_hosts
from orchestrator.reach.host_keys import KnownHosts, ScannedKey, record_host_keys
from orchestrator.reach.inventory import read_inventory
from orchestrator.reach.ssh import scan_host_key


@dataclass(frozen=True, slots=True)
class Scan:
    """What one host showed: a key, or why it showed none."""

    host: str
    key: ScannedKey | None
    failure: Unreachable | None


class Hosts:
    """Hosts of one site."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def list(self, pattern: str) -> Mapping[str, Host]:
        """The hosts that an Ansible pattern means.

        Raises:
            InvalidInventory: Ansible refuses the inventory, the pattern matches nothing, or a host's
                connection variables can't be used.
        """
        return asyncio.run(self._resolve(pattern))

    def scan(self, pattern: str) -> Sequence[Scan]:
        """The host keys that those hosts show now. No login is tried; hosts on this machine have none."""
        return asyncio.run(self._scan(pattern))

    def trust(self, keys: Sequence[ScannedKey], *, replace: bool) -> None:
        """Record keys that a person has decided to trust.

        Raises:
            InputError: another key is recorded, and `replace` was not asked for.
            StoreError: known_hosts can't be written.
        """
        record_host_keys(self._site.known_hosts, keys, replace=replace)

    async def _resolve(self, pattern: str) -> Mapping[str, Host]:
        inventory = await read_inventory(
            self._site.inventory,
            (pattern,),
            None,
            self._site.vault_password_file,
            inventory_memory(self._site),
        )
        return resolve_hosts(inventory, pattern, self._site.connect_timeout)

    async def _scan(self, pattern: str) -> Sequence[Scan]:
        hosts = await self._resolve(pattern)
        known = KnownHosts.read(self._site.known_hosts)
        slots = asyncio.Semaphore(self._site.concurrency)

        async def scan(host: Host) -> Scan:
            async with slots:
                try:
                    return Scan(host.name, await scan_host_key(host, known), None)
                except Unreachable as error:
                    return Scan(host.name, None, error)

        remote = [host for host in hosts.values() if host.connection.transport is Transport.SSH]
        return await asyncio.gather(*(scan(host) for host in remote))
