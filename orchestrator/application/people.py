"""Who is at the keyboard, and whether they may take a decision."""

from __future__ import annotations

import os
import pwd
from collections.abc import Collection
from pathlib import Path

from orchestrator.application.clock import Clock
from orchestrator.errors import Forbidden, InputError, Unauthenticated
from orchestrator.language import Text
from orchestrator.model.account import EVERY_SYSTEM, Presence
from orchestrator.model.actor import Actor, Proof
from orchestrator.model.person import Permission, Role
from orchestrator.model.site import Site
from orchestrator.records.accounts import any_account
from orchestrator.records.denials import record_denial
from orchestrator.records.roles import (
    list_authorisations,
    require_vouched_authorisations,
    require_vouched_person,
)
from orchestrator.records.session_file import SessionFile
from orchestrator.records.sessions import present


class People:
    """The people of one site, whose database is open."""

    def __init__(self, site: Site, clock: Clock, sessions: Path) -> None:
        """`sessions` is the folder where this account of the machine keeps its session files."""
        self._site = site
        self._clock = clock
        self.session_file = SessionFile(sessions, site.root)

    def starter(self) -> Actor:
        """Who starts a read-only round: whoever is logged in, or else the machine's account."""
        if self.single_user:
            return Actor(_account_of_the_machine(), Proof.SINGLE_USER)
        try:
            return Actor(self.present().name, Proof.SESSION)
        except Unauthenticated:
            return self.machine()

    def decider(self, permission: Permission, systems: Collection[str]) -> Actor:
        """Who takes a decision. Never the machine's account, but for a site in single-user mode.

        Three things must come together: a live session, a role that makes eligible, and an authorisation that
        has not expired, for each system. Administrators' own duties are about the whole site, so they take
        no authorisation. A denial is an event of its own, so this is called outside of any transaction.

        Args:
            systems: slugs of the components that it touches; empty: no one in particular, so all.

        Raises:
            Unauthenticated: nobody is logged in, or the session has ended.
            Forbidden: whoever is lacks role or authorisation, or these were changed in the database past this
                program; says which.
            ChainBroken: nothing proves what was decided about that person.
        """
        if self.single_user:
            return Actor(_account_of_the_machine(), Proof.SINGLE_USER)
        now = self._clock()
        try:
            person = self.present()
        except Unauthenticated as error:
            record_denial(permission, systems, "not logged in", now, self.machine())
            raise Unauthenticated(
                Text(
                    f"{permission.label.zh}是一项决定，需要先登录：{error.message.zh}",
                    f"to {permission.label.en} is a decision, log in first: {error.message.en}",
                ),
                error.hint,
            ) from error
        actor = Actor(person.name, Proof.SESSION)
        try:
            self._require(person, permission, systems or (EVERY_SYSTEM,))
        except Forbidden as denial:
            record_denial(permission, systems, denial.message.en, now, actor)
            raise
        return actor

    def present(self) -> Presence:
        """Whoever is logged in here. Raises Unauthenticated when that is nobody."""
        token = self.session_file.read()
        if token is None:
            raise Unauthenticated(
                Text("没有登录", "nobody is logged in"), Text("执行 wardround login", "run wardround login")
            )
        return present(token, self._clock())

    def machine(self) -> Actor:
        """The machine's account: good for the log, never for a decision."""
        return Actor(_account_of_the_machine(), Proof.OS_USER)

    @property
    def single_user(self) -> bool:
        """Whether nobody logs in here. A site that has accounts can't be put into that mode by its file."""
        return self._site.single_user and not any_account()

    @property
    def mode_note(self) -> Text | None:
        """What whoever looks at accounts has to know about this site; None where nothing needs saying."""
        if self.single_user:
            return Text(
                "站点处于单用户演示模式（single_user: true）：没有账号，也不登录，每条记录都注明",
                "the site is in single-user demo mode (single_user: true): it has no accounts, nobody "
                "logs in, and every record says so",
            )
        if self._site.single_user:
            return Text(
                "wardround.yml 中的 single_user: true 不起作用：站点已有账号",
                "single_user: true in wardround.yml has no effect: the site has accounts",
            )
        return None

    def refuse_in_single_user_mode(self) -> None:
        """Raises InputError when the site is in single-user mode: accounts mean nothing there."""
        if self.single_user and (note := self.mode_note) is not None:
            raise InputError(
                note,
                Text(
                    "要用账号，从 wardround.yml 中删去 single_user，再执行 wardround user setup",
                    "for accounts, remove single_user from wardround.yml and run wardround user setup",
                ),
            )

    def _require(self, person: Presence, permission: Permission, systems: Collection[str]) -> None:
        # Whoever is to mend a broken log is known by what is left of it.
        require_vouched_person(person.name, on_a_broken_log=permission is Permission.MANAGE_AUDIT)
        if not permission.roles & set(person.roles):
            names = [role.label for role in Role if role in permission.roles]
            raise Forbidden(
                Text(
                    f"{person.name} 无权{permission.label.zh}：需要角色{'、'.join(n.zh for n in names)}",
                    f"{person.name} may not {permission.label.en}: that takes one of the roles "
                    f"{', '.join(n.en for n in names)}",
                ),
                Text("由安全管理员分配角色", "a security administrator gives roles"),
            )
        if permission.is_duty:
            return
        now = self._clock()
        held = [
            item
            for item in list_authorisations(person.name)
            if item.permission is permission and item.holds(now)
        ]
        missing = sorted(slug for slug in systems if not any(item.covers(slug) for item in held))
        if not missing:
            used = [item.number for item in held if any(item.covers(slug) for slug in systems)]
            require_vouched_authorisations(used)
            return
        which = ", ".join("全部系统 / all systems" if slug == EVERY_SYSTEM else slug for slug in missing)
        raise Forbidden(
            Text(
                f"{person.name} 没有有效授权：{permission.label.zh}（{which}）",
                f"{person.name} holds no authorisation to {permission.label.en} on {which}",
            ),
            Text(
                f"由安全管理员执行 wardround user grant {person.name} --permission {permission}",
                f"a security administrator runs wardround user grant {person.name} --permission {permission}",
            ),
        )


def _account_of_the_machine() -> str:
    """As the kernel knows it. USER, LOGNAME and SUDO_USER are what anybody sets them to."""
    number = os.geteuid()
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"uid {number}"
