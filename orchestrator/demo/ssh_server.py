"""A stand-in for OpenSSH where it is not installed: asyncssh's server, running real shell commands."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

import asyncssh


async def _serve(process: asyncssh.SSHServerProcess[bytes], home: Path) -> None:
    """Run the client's command with a shell; its streams are the channel's, byte for byte."""
    command = ["/bin/sh"] if process.command is None else ["/bin/sh", "-c", process.command]
    child = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=home,
        env={**os.environ, "HOME": str(home)},
        start_new_session=True,
    )
    try:
        await process.redirect(stdin=child.stdin, stdout=child.stdout, stderr=child.stderr)
        process.exit(await child.wait())
    finally:
        if child.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGHUP)


async def _main(address: str, port: int, root: Path) -> None:
    etc = root / "etc"
    server = await asyncssh.listen(
        address,
        port,
        server_host_keys=[str(etc / "ssh_host_ed25519_key")],
        authorized_client_keys=str(etc / "authorized_keys"),
        process_factory=lambda process: _serve(process, root / "home"),
        encoding=None,
    )
    await server.wait_closed()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(_main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])))
