"""Ansible's own commands, run as processes in an environment that we choose."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import InvalidInventory
from orchestrator.language import Text


@dataclass(frozen=True, slots=True)
class Ended:
    """How one command ended."""

    status: int
    stdout: str
    stderr: str


class AnsibleCommand:
    """Runs Ansible's commands against the same sources, each in the same environment."""

    def __init__(self, options: Sequence[str], environment: Mapping[str, str], patience: float) -> None:
        self._options = options
        self._environment = environment
        self._patience = patience

    async def run(self, program: str, *arguments: str) -> Ended:
        """Run `program` from our own virtual environment.

        Raises:
            InvalidInventory: it is missing, or was not done in time.
        """
        try:
            process = await asyncio.create_subprocess_exec(
                str(Path(sys.executable).parent / program),
                *self._options,
                *arguments,
                env=dict(self._environment),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                start_new_session=True,
            )
        except FileNotFoundError:
            raise _missing(program) from None
        try:
            stdout, stderr = await asyncio.wait_for(process.communicate(), self._patience)
        except TimeoutError:
            raise _too_slow(program, self._patience) from None
        finally:
            await _end(process)
        return Ended(
            process.returncode or 0, stdout.decode(errors="replace"), stderr.decode(errors="replace")
        )


@asynccontextmanager
async def ansible_command(
    sources: Sequence[Path], vault_password_file: Path | None, configuration: Path | None, patience: float
) -> AsyncIterator[AnsibleCommand]:
    """An AnsibleCommand with a home of its own, so that whoever runs us leaves no mark on the answer.

    Neither the user's ~/.ansible.cfg, ~/.ansible nor ANSIBLE_* count: the same inventory must mean the same
    hosts by hand, from cron and on a colleague's machine. The "playbook folder" is an empty one, because
    Ansible would otherwise merge a group_vars/ that happens to lie in the current directory.
    """
    with tempfile.TemporaryDirectory(prefix="wardround-ansible-") as folder:
        home = Path(folder)
        (home / "playbooks").mkdir()
        (home / "ansible.cfg").touch()
        options = [f"--inventory={source}" for source in sources]
        options.append(f"--playbook-dir={home / 'playbooks'}")
        if vault_password_file is not None:
            options.append(f"--vault-password-file={vault_password_file}")
        environment = _environment(home, configuration or home / "ansible.cfg")
        yield AnsibleCommand(options, environment, patience)


def _environment(home: Path, configuration: Path) -> Mapping[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    return kept | {
        "ANSIBLE_CONFIG": str(configuration),
        "ANSIBLE_HOME": str(home),
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_DEPRECATION_WARNINGS": "0",
        # Ansible only warns of an inventory that it can't read and goes on with the rest of it.
        "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "1",
        "LC_ALL": "C.UTF-8",
        "LANGUAGE": "C",
    }


async def _end(process: asyncio.subprocess.Process) -> None:
    """End the command and the inventory scripts that it started."""
    if process.returncode is None:
        os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


def _missing(program: str) -> InvalidInventory:
    return InvalidInventory(
        Text(f"找不到 {program}", f"{program} is missing"),
        Text(
            "重新安装 wardround：ansible-core 是它的依赖", "reinstall wardround: it depends on ansible-core"
        ),
    )


def _too_slow(program: str, patience: float) -> InvalidInventory:
    return InvalidInventory(
        Text(
            f"{program} 在 {patience:g} 秒内没有读完清单",
            f"{program} did not read the inventory within {patience:g} seconds",
        ),
        Text(
            "检查动态清单脚本是否在等待网络",
            "check whether a dynamic inventory script waits for the network",
        ),
    )
