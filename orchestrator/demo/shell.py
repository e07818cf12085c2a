"""How the demo's own engineers work on its hosts: a script over SSH, with the demo's key."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

import asyncssh

from orchestrator.demo.keys import public
from orchestrator.errors import Unreachable, UnreachableReason
from orchestrator.language import Text

_TIMEOUT = 20.0


@dataclass(frozen=True, slots=True)
class Login:
    """All that a login takes."""

    host: str
    address: str
    port: int
    key: Path
    host_key: Path


def run(login: Login, script: str) -> str:
    """Run `script` and return what it wrote.

    Raises:
        Unreachable: no login, or the script failed.
    """
    try:
        return asyncio.run(asyncio.wait_for(_run(login, script), _TIMEOUT))
    except (OSError, asyncssh.Error, TimeoutError) as error:
        said = str(error.stderr).strip() if isinstance(error, asyncssh.ProcessError) else str(error)
        raise Unreachable(
            login.host,
            UnreachableReason.PROTOCOL,
            Text(
                f"演示主机 {login.host} 上的操作失败：{said}",
                f"could not work on demo host {login.host}: {said}",
            ),
        ) from error


async def _run(login: Login, script: str) -> str:
    trusted = asyncssh.import_known_hosts(f"[{login.address}]:{login.port} {public(login.host_key)}\n")
    async with asyncssh.connect(
        login.address,
        login.port,
        known_hosts=trusted,
        client_keys=[str(login.key)],
        config=None,
        agent_path=None,
    ) as connection:
        done = await connection.run("sh -s", input=script, check=True)
        return str(done.stdout)
