"""Reads a site's ansible.cfg for what we would not honour, and says so instead of passing it over."""

from __future__ import annotations

from configparser import ConfigParser
from configparser import Error as ConfigParserError
from pathlib import Path

from orchestrator.errors import InvalidInventory
from orchestrator.language import Text

_AS_VARIABLE = {
    ("defaults", "remote_user"): "ansible_user",
    ("defaults", "remote_port"): "ansible_port",
    ("defaults", "private_key_file"): "ansible_ssh_private_key_file",
    ("defaults", "transport"): "ansible_connection",
    ("privilege_escalation", "become"): "ansible_become",
    ("privilege_escalation", "become_user"): "ansible_become_user",
    ("privilege_escalation", "become_method"): "ansible_become_method",
    ("ssh_connection", "ssh_args"): "ansible_ssh_args",
    ("ssh_connection", "ssh_common_args"): "ansible_ssh_common_args",
    ("ssh_connection", "ssh_extra_args"): "ansible_ssh_extra_args",
}


def refuse_connection_settings(configuration: Path | None) -> None:
    """An ansible.cfg may say how inventories are read. How a host is reached stands in the inventory alone.

    Host key checking, retries, pipelining and the like stay without effect: they are Ansible's own business,
    and we are never less strict for them.

    Raises:
        InvalidInventory: it says where or as whom to connect, and Ansible would have listened.
    """
    if configuration is None:
        return
    found = _settings(configuration)
    moved = [(key, name) for key, name in _AS_VARIABLE.items() if key in found]
    if moved:
        words = ", ".join(f"[{section}] {key}" for (section, key), _ in moved)
        names = ", ".join(name for _, name in moved)
        raise InvalidInventory(
            Text(
                f"{configuration}：{words} 决定如何连接主机，此处不会生效",
                f"{configuration}: {words} decides how hosts are reached, and would have no effect here",
            ),
            Text(
                f"改写成清单变量 {names}，例如放在 group_vars/all.yml",
                f"write it as the inventory variable {names}, in group_vars/all.yml for example",
            ),
        )


def _settings(configuration: Path) -> set[tuple[str, str]]:
    parser = ConfigParser(interpolation=None, strict=False, inline_comment_prefixes=(";",))
    try:
        parser.read_string(configuration.read_text(encoding="utf-8"))
    except (OSError, ValueError, ConfigParserError) as error:
        raise InvalidInventory(
            Text(
                f"{configuration} 无法读取：{error}",
                f"{configuration} can't be read: {error}",
            )
        ) from error
    return {(section, key) for section in parser.sections() for key in parser[section]}
