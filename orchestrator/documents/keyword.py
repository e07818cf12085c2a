"""Words that Ansible or a later version of this program knows, and that are refused until they work.

Every one of them would change what a runbook does, so none may be read and ignored.
"""

from __future__ import annotations

from orchestrator.language import Text
from orchestrator.model.runbook import Module

_PRIVILEGE = frozenset({"become", "become_exe", "become_flags", "become_method", "become_user"})

_EVERYWHERE = _PRIVILEGE | {
    "any_errors_fatal", "check_mode", "collections", "connection", "debugger", "diff", "environment",
    "ignore_errors", "ignore_unreachable", "module_defaults", "no_log", "port", "remote_user", "run_once",
    "tags", "throttle", "when",
}  # fmt: skip

_PLAY = _EVERYWHERE | {
    "effect", "fact_path", "force_handlers", "gather_subset", "gather_timeout", "handlers", "import_playbook",
    "max_fail_percentage", "on_unknown", "order", "post_tasks", "pre_tasks", "roles", "serial", "strategy",
    "timeout", "user", "validate_argspec", "vars_files", "vars_prompt",
}  # fmt: skip

_TASK = _EVERYWHERE | {
    "action", "always", "args", "async", "block", "changed_when", "confirm", "delay", "delegate_facts",
    "delegate_to", "failed_when", "import_role", "import_tasks", "include_role", "include_tasks",
    "listen", "local_action", "loop", "loop_control", "notify", "on_unknown", "playbook", "poll", "register",
    "rescue", "retries", "task", "until", "vars",
}  # fmt: skip

_MODULES = frozenset({
    "add_host", "apt", "assemble", "async_status", "blockinfile", "copy", "cron",
    "dnf", "expect", "fail", "fetch", "file", "find", "firewalld", "get_url", "getent", "git",
    "group", "group_by", "hostname", "include_vars", "iptables", "known_hosts", "lineinfile", "meta",
    "mount", "package", "package_facts", "ping", "pip", "raw", "reboot", "replace", "rpm_key",
    "selinux", "service", "service_facts", "set_fact", "set_stats", "setup", "slurp",
    "stat", "synchronize", "sysctl", "systemd", "systemd_service", "sysvinit", "tempfile", "template",
    "unarchive", "uri", "user", "wait_for", "wait_for_connection", "win_command", "win_copy", "win_service",
    "win_shell", "yum",
})  # fmt: skip

_WORDS = ("check", *Module)
_TODAY = Text(f"目前的任务有 {'、'.join(_WORDS)}", f"today a task is one of {', '.join(_WORDS)}")
_BECOME = Text(
    "在清单里写 ansible_become、ansible_become_user 等变量",
    "write ansible_become, ansible_become_user and the like as inventory variables",
)
_CONNECTION = Text(
    "在清单里写 ansible_connection、ansible_port、ansible_user 等变量",
    "write ansible_connection, ansible_port, ansible_user and the like as inventory variables",
)


def play_keyword(key: str) -> Text | None:
    """How to do without a play's keyword that is not supported yet; None: it is no keyword."""
    return _advice(key) if key in _PLAY else None


def task_keyword(key: str) -> Text | None:
    """The same for a task, whose modules are keywords too: `shell`, `ansible.builtin.copy`, `with_items`."""
    known = key in _TASK or key in _MODULES or key.startswith("with_") or key.count(".") >= 2
    return _advice(key) if known else None


def _advice(key: str) -> Text:
    word = key.rpartition(".")[2]
    if word != key and word in _WORDS:
        return Text(f"写成 {word}", f"write {word}")
    if key == "args":
        return Text(
            "写在任务的参数里：command: {cmd: ..., chdir: ...}",
            "they stand among the arguments: command: {cmd: ..., chdir: ...}",
        )
    if key in _PRIVILEGE:
        return _BECOME
    if key in {"connection", "port", "remote_user", "user"}:
        return _CONNECTION
    return _TODAY
