"""What people are to this site, and what each may do (domain.md 1.1 R06 and R14, 6.2)."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum

from orchestrator.language import Text


class Role(StrEnum):
    """What a person is here. Somebody may have several, but only one of the three administrators."""

    ENGINEER = "engineer"
    SUPERVISOR = "supervisor"
    ACCOUNT_MANAGER = "account_manager"
    IT_DIRECTOR = "it_director"
    DEPARTMENT_HEAD = "department_head"
    VICE_PRESIDENT = "vice_president"
    AUDITOR = "auditor"
    SYSTEM_ADMIN = "system_admin"
    """Makes and blocks accounts."""
    SECURITY_ADMIN = "security_admin"
    """Gives roles and authorisations."""
    AUDIT_ADMIN = "audit_admin"
    """Looks after the log of events, and may change nothing else."""

    @property
    def label(self) -> Text:
        return _ROLES[self]


ADMINISTRATORS = frozenset({Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDIT_ADMIN})
"""Separation of the three duties (三员分立, GB/T 22239-2019): each excludes the others."""


def conflict(roles: Collection[Role]) -> Text | None:
    """Why nobody may hold these roles together; None where they go together."""
    duties = [role for role in Role if role in ADMINISTRATORS and role in roles]
    others = [role for role in Role if role not in ADMINISTRATORS and role in roles]
    if len(duties) > 1:
        return Text(
            f"{'、'.join(role.label.zh for role in duties)}互斥（三员分立），一人只能担任其一",
            f"{' and '.join(role.label.en for role in duties)} exclude one another: one person, one duty",
        )
    if duties and others:
        return Text(
            f"{duties[0].label.zh}不能兼任业务角色（{'、'.join(role.label.zh for role in others)}）："
            "管理权限的人不参与业务决定",
            f"a {duties[0].label.en} holds no business role ({', '.join(role.label.en for role in others)}): "
            "who manages rights takes no business decision",
        )
    return None


_ROLES = {
    Role.ENGINEER: Text("驻点工程师", "engineer"),
    Role.SUPERVISOR: Text("服务主管", "service supervisor"),
    Role.ACCOUNT_MANAGER: Text("客户经理", "account manager"),
    Role.IT_DIRECTOR: Text("信息科主任", "IT director"),
    Role.DEPARTMENT_HEAD: Text("业务科室负责人", "department head"),
    Role.VICE_PRESIDENT: Text("分管院长", "vice-president"),
    Role.AUDITOR: Text("审计员", "auditor"),
    Role.SYSTEM_ADMIN: Text("系统管理员", "system administrator"),
    Role.SECURITY_ADMIN: Text("安全管理员", "security administrator"),
    Role.AUDIT_ADMIN: Text("审计管理员", "audit administrator"),
}


class Permission(StrEnum):
    """What can be allowed. A role makes somebody eligible for it; an authorisation, person x system x
    permission x expiry, allows it. Both are needed: permissions narrow one another, they never add up."""

    HANDLE_FINDING = "handle_finding"
    """Assign a finding, note, close."""
    WAIVE = "waive"
    """Accept a finding for a time."""
    ACCEPT = "accept"
    """Say of a free command, SQL or site Python that it only reads."""
    RUN = "run"
    """Have a runbook carried out that changes hosts, and stop a run."""
    RULE = "rule"
    """Say what is to be taken for an outcome that nobody knows."""
    MANAGE_SCHEDULES = "manage_schedules"
    """Pause and resume what runs by itself, and say whether a missed one is made up for."""
    MANAGE_ACCOUNTS = "manage_accounts"
    MANAGE_AUTHORISATIONS = "manage_authorisations"
    """Give and take roles and authorisations."""
    MANAGE_AUDIT = "manage_audit"
    """Seal the log of events, and restart it after a break."""
    MANAGE_DATABASE = "manage_database"
    """Restore a backup over the records."""

    @property
    def label(self) -> Text:
        return _PERMISSIONS[self]

    @property
    def roles(self) -> frozenset[Role]:
        """Whoever holds one of these is eligible for it."""
        return _ELIGIBLE[self]

    @property
    def is_duty(self) -> bool:
        """An administrator's own duty: it is about the whole site, so the role alone allows it."""
        return self.roles <= ADMINISTRATORS


_ELIGIBLE = {
    Permission.HANDLE_FINDING: frozenset({Role.ENGINEER, Role.SUPERVISOR, Role.ACCOUNT_MANAGER}),
    Permission.WAIVE: frozenset({Role.SUPERVISOR, Role.IT_DIRECTOR}),
    Permission.ACCEPT: frozenset({Role.ENGINEER, Role.SUPERVISOR}),
    Permission.RUN: frozenset({Role.ENGINEER, Role.SUPERVISOR}),
    Permission.RULE: frozenset({Role.ENGINEER, Role.SUPERVISOR, Role.IT_DIRECTOR}),
    Permission.MANAGE_SCHEDULES: frozenset({Role.ENGINEER, Role.SUPERVISOR}),
    Permission.MANAGE_ACCOUNTS: frozenset({Role.SYSTEM_ADMIN}),
    Permission.MANAGE_AUTHORISATIONS: frozenset({Role.SECURITY_ADMIN}),
    Permission.MANAGE_AUDIT: frozenset({Role.AUDIT_ADMIN}),
    Permission.MANAGE_DATABASE: frozenset({Role.SYSTEM_ADMIN}),
}

_PERMISSIONS = {
    Permission.HANDLE_FINDING: Text("处理发现", "handle findings"),
    Permission.WAIVE: Text("批准豁免", "approve waivers"),
    Permission.ACCEPT: Text("认可自由命令", "accept free commands"),
    Permission.RUN: Text("执行与取消运行手册", "carry out and cancel runbooks"),
    Permission.RULE: Text("裁定未知结果", "rule on unknown outcomes"),
    Permission.MANAGE_SCHEDULES: Text("管理时间表", "manage schedules"),
    Permission.MANAGE_ACCOUNTS: Text("管理账号", "manage accounts"),
    Permission.MANAGE_AUTHORISATIONS: Text("管理角色与授权", "manage roles and authorisations"),
    Permission.MANAGE_AUDIT: Text("管理审计日志", "manage the audit log"),
    Permission.MANAGE_DATABASE: Text("恢复数据库", "restore the database"),
}
