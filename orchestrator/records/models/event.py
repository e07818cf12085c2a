"""What happened, in order, for ever."""

from __future__ import annotations

from enum import StrEnum

from django.db import models

from orchestrator.language import Text


class EventKind(StrEnum):
    """What an event tells of."""

    ROUND_STARTED = "round_started"
    ROUND_FINISHED = "round_finished"
    """Completed, cancelled or interrupted: its data says which."""
    ROUND_REFUSED = "round_refused"
    """The gate said no, and why."""
    PERMIT_REDEEMED = "permit_redeemed"
    HOST_UNREACHABLE = "host_unreachable"
    FINDING_OPENED = "finding_opened"
    FINDING_CLEARED = "finding_cleared"
    FINDING_ASSIGNED = "finding_assigned"
    FINDING_NOTED = "finding_noted"
    FINDING_CLOSED = "finding_closed"
    WAIVER_APPROVED = "waiver_approved"
    WAIVER_ENDED = "waiver_ended"
    """A person ended it before its time."""
    WAIVER_EXPIRED = "waiver_expired"
    """The first round after its time noticed."""
    FREE_ITEM_ACCEPTED = "free_item_accepted"
    """A person said of a free command, SQL or site Python that it only reads."""
    CHAIN_STARTED = "chain_started"
    """The events before it were recorded by a version that had no chain, and were chained afterwards."""
    CHAIN_RESTARTED = "chain_restarted"
    """Somebody took note of a break in the chain; its data says what was found."""
    SEGMENT_SEALED = "segment_sealed"
    """Old events moved from the database into a signed file."""
    DATABASE_RESTORED = "database_restored"
    """An earlier state came back; its data names the head before, and so what was lost."""
    DATABASE_BACKED_UP = "database_backed_up"
    DATABASE_TIDIED = "database_tidied"
    """What was too old was removed; its data says how much."""
    ACCOUNT_MADE = "account_made"
    ACCOUNT_BLOCKED = "account_blocked"
    ACCOUNT_UNBLOCKED = "account_unblocked"
    """Or its lock was lifted before its time."""
    ACCOUNT_LOCKED = "account_locked"
    """Too many failed logins."""
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - a kind of event
    PASSWORD_RESET = "password_reset"  # noqa: S105 - a kind of event
    SECOND_FACTOR_ENROLLED = "second_factor_enrolled"
    SECOND_FACTOR_RESET = "second_factor_reset"
    LOGGED_IN = "logged_in"
    LOGGED_OUT = "logged_out"
    LOGIN_REFUSED = "login_refused"
    """Its data says why; the person at the terminal is not told."""
    ROLE_GIVEN = "role_given"
    ROLE_TAKEN = "role_taken"
    AUTHORISATION_GRANTED = "authorisation_granted"
    AUTHORISATION_REVOKED = "authorisation_revoked"
    DECISION_DENIED = "decision_denied"
    """Somebody wanted to decide what they may not."""
    RUN_REQUESTED = "run_requested"
    RUN_REFUSED = "run_refused"
    """No plan could be made, or the gate said no."""
    RUN_STARTED = "run_started"
    """Its data names plan, permit and effect."""
    RUN_FINISHED = "run_finished"
    """Its data says how."""
    RUN_CANCEL_REQUESTED = "run_cancel_requested"
    OUTCOME_UNKNOWN = "outcome_unknown"
    """Nobody knows what a task did on a host."""
    OUTCOME_RULED = "outcome_ruled"
    """A person said what is to be taken for it."""
    SCHEDULE_PAUSED = "schedule_paused"
    SCHEDULE_RESUMED = "schedule_resumed"
    SCHEDULE_MISSED = "schedule_missed"
    """A due time passed and nothing ran; its data says why."""
    SCHEDULE_ANSWERED = "schedule_answered"
    """A person decided about a due time that had been missed."""

    @property
    def label(self) -> Text:
        return _LABELS[self]


_LABELS = {
    EventKind.ROUND_STARTED: Text("巡检开始", "a round started"),
    EventKind.ROUND_FINISHED: Text("巡检结束", "a round ended"),
    EventKind.ROUND_REFUSED: Text("巡检被拒绝", "a round was refused"),
    EventKind.PERMIT_REDEEMED: Text("许可已使用", "a permit was redeemed"),
    EventKind.HOST_UNREACHABLE: Text("主机不可达", "a host was unreachable"),
    EventKind.FINDING_OPENED: Text("出现发现", "a finding opened"),
    EventKind.FINDING_CLEARED: Text("发现消除", "a finding cleared"),
    EventKind.FINDING_ASSIGNED: Text("指派发现", "a finding was assigned"),
    EventKind.FINDING_NOTED: Text("备注发现", "a finding was noted"),
    EventKind.FINDING_CLOSED: Text("关闭发现", "a finding was closed"),
    EventKind.WAIVER_APPROVED: Text("批准豁免", "a waiver was approved"),
    EventKind.WAIVER_ENDED: Text("终止豁免", "a waiver was ended"),
    EventKind.WAIVER_EXPIRED: Text("豁免到期", "a waiver expired"),
    EventKind.FREE_ITEM_ACCEPTED: Text("认可自由命令", "a free command was accepted"),
    EventKind.CHAIN_STARTED: Text("审计链开始", "the chain started"),
    EventKind.CHAIN_RESTARTED: Text("断链后重启", "the chain was restarted"),
    EventKind.SEGMENT_SEALED: Text("事件封档", "events were sealed"),
    EventKind.DATABASE_RESTORED: Text("恢复数据库", "the database was restored"),
    EventKind.DATABASE_BACKED_UP: Text("备份数据库", "the database was backed up"),
    EventKind.DATABASE_TIDIED: Text("清理数据库", "the database was tidied"),
    EventKind.ACCOUNT_MADE: Text("新建账号", "an account was made"),
    EventKind.ACCOUNT_BLOCKED: Text("停用账号", "an account was blocked"),
    EventKind.ACCOUNT_UNBLOCKED: Text("恢复账号", "an account was unblocked"),
    EventKind.ACCOUNT_LOCKED: Text("账号锁定", "an account was locked"),
    EventKind.PASSWORD_CHANGED: Text("修改口令", "a password was changed"),
    EventKind.PASSWORD_RESET: Text("重置口令", "a password was reset"),
    EventKind.SECOND_FACTOR_ENROLLED: Text("绑定动态码", "a second factor was enrolled"),
    EventKind.SECOND_FACTOR_RESET: Text("重置动态码", "a second factor was reset"),
    EventKind.LOGGED_IN: Text("登录", "somebody logged in"),
    EventKind.LOGGED_OUT: Text("退出登录", "somebody logged out"),
    EventKind.LOGIN_REFUSED: Text("登录被拒绝", "a login was refused"),
    EventKind.ROLE_GIVEN: Text("分配角色", "a role was given"),
    EventKind.ROLE_TAKEN: Text("收回角色", "a role was taken"),
    EventKind.AUTHORISATION_GRANTED: Text("授权", "an authorisation was granted"),
    EventKind.AUTHORISATION_REVOKED: Text("撤销授权", "an authorisation was revoked"),
    EventKind.DECISION_DENIED: Text("决定被拒绝", "a decision was denied"),
    EventKind.RUN_REQUESTED: Text("请求执行", "a run was asked for"),
    EventKind.RUN_REFUSED: Text("执行被拒绝", "a run was refused"),
    EventKind.RUN_STARTED: Text("执行开始", "a run started"),
    EventKind.RUN_FINISHED: Text("执行结束", "a run ended"),
    EventKind.RUN_CANCEL_REQUESTED: Text("请求取消执行", "a run is to be cancelled"),
    EventKind.OUTCOME_UNKNOWN: Text("步骤结果未知", "an outcome is unknown"),
    EventKind.OUTCOME_RULED: Text("裁定步骤结果", "an outcome was ruled on"),
    EventKind.SCHEDULE_PAUSED: Text("暂停计划任务", "a schedule was paused"),
    EventKind.SCHEDULE_RESUMED: Text("恢复计划任务", "a schedule was resumed"),
    EventKind.SCHEDULE_MISSED: Text("计划任务未执行", "a schedule did not run"),
    EventKind.SCHEDULE_ANSWERED: Text("裁定错过的计划", "a missed schedule was decided on"),
}


class Event(models.Model):
    """One line of the log. Rows are only added: triggers in the database refuse to change one, and to delete
    one that no segment covers. Only `append_events` makes them."""

    sequence = models.BigAutoField(primary_key=True)
    """Counted by us, from 1. A number is left out only where a restored or restarted log tells which."""
    at = models.DateTimeField()
    kind = models.CharField(max_length=32)
    actor = models.CharField(max_length=255)
    proof = models.CharField(max_length=16)
    """A Proof: how it is known who the actor is."""
    subject = models.TextField()
    """What it is about: `round 12`, `his-db01`, `his-db01 disk used_pct /data`."""
    data = models.TextField()
    """Canonical JSON. As text, because jsonb would write numbers its own way, and the hash would not hold."""
    hash = models.CharField(max_length=80)
    """Over the event before and this one, with its algorithm: `sm3:...`. See `records/event_hash.py`."""

    class Meta:
        ordering = ("sequence",)
