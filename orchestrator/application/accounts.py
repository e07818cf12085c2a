"""What administrators do with accounts, roles and authorisations: each of it a decision."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime, time, timedelta

from orchestrator.application.clock import Clock
from orchestrator.application.people import People
from orchestrator.application.runbooks import read_catalogue
from orchestrator.errors import Forbidden, InputError, NotFound
from orchestrator.language import Text
from orchestrator.model.account import EVERY_SYSTEM, AccountView, Authorisation, Credentials
from orchestrator.model.actor import Actor
from orchestrator.model.near_name import near_names
from orchestrator.model.person import Permission, Role
from orchestrator.model.site import Site
from orchestrator.records import accounts, roles

LONGEST = timedelta(days=5 * 366)


class Accounts:
    """Accounts of one site, whose database is open."""

    def __init__(self, site: Site, people: People, clock: Clock) -> None:
        self._site = site
        self._people = people
        self._clock = clock

    def set_up(self, people: Mapping[Role, tuple[str, str]]) -> tuple[Credentials, ...]:
        """Make the three administrators of a site without accounts. Nobody can log in yet, so it is done by
        the machine's account, which the log tells.

        Raises:
            InputError: the site has accounts, is in single-user mode, or a name can't be used.
        """
        self._people.refuse_in_single_user_mode()
        return accounts.make_first_accounts(people, self._clock(), self._people.machine())

    def list(self) -> tuple[AccountView, ...]:
        return accounts.list_accounts(self._clock())

    def get(self, name: str) -> AccountView:
        """Raises NotFound."""
        return accounts.get_account(name, self._clock())

    def add(self, name: str, full_name: str) -> Credentials:
        """Raises Unauthenticated, Forbidden; InputError when the name can't be used."""
        return accounts.make_account(name, full_name, self._clock(), self._system_administrator())

    def block(self, name: str) -> None:
        """Raises Unauthenticated, Forbidden, NotFound; InputError for the last administrator of a kind."""
        accounts.block_account(name, self._clock(), self._for_another(name, self._system_administrator()))

    def unblock(self, name: str) -> None:
        """Raises Unauthenticated, Forbidden, NotFound."""
        accounts.unblock_account(name, self._clock(), self._for_another(name, self._system_administrator()))

    def reset_password(self, name: str) -> Credentials:
        """Raises Unauthenticated, Forbidden, NotFound."""
        actor = self._for_another(name, self._system_administrator())
        return accounts.reset_password(name, self._clock(), actor)

    def reset_second_factor(self, name: str) -> None:
        """A security administrator's duty, as passwords are a system administrator's: whoever could reset
        both would log in as anybody, and decide in their name.

        Raises Unauthenticated, Forbidden, NotFound.
        """
        actor = self._for_another(name, self._security_administrator())
        accounts.reset_second_factor(name, self._clock(), actor)

    def change_roles(self, name: str, give: Collection[Role], take: Collection[Role]) -> frozenset[Role]:
        """Raises Unauthenticated, Forbidden, NotFound; InputError for roles that exclude one another."""
        actor = self._for_another(name, self._security_administrator())
        return roles.change_roles(name, give, take, self._clock(), actor)

    def grant(
        self, name: str, systems: Collection[str], permission: Permission, last_day: date
    ) -> tuple[Authorisation, ...]:
        """Allow something on some systems, to the end of a day in the site's time zone.

        Raises:
            Unauthenticated, Forbidden: whoever asks may not.
            NotFound: no such account or system.
            InputError: the permission takes no authorisation, no role makes eligible, or the day is past.
        """
        actor = self._for_another(name, self._security_administrator())
        self._check_systems(systems)
        _refuse_duty(permission)
        now, until = self._clock(), self._end_of(last_day)
        return tuple(
            roles.grant(name, system, permission, until, now, actor) for system in dict.fromkeys(systems)
        )

    def revoke(self, number: int) -> Authorisation:
        """Raises Unauthenticated, Forbidden, NotFound; InputError when it has ended already."""
        actor = self._security_administrator()
        self._for_another(roles.get_authorisation(number).account, actor)
        return roles.revoke(number, self._clock(), actor)

    def authorisations(self, name: str | None, *, ended: bool) -> tuple[Authorisation, ...]:
        """Raises NotFound."""
        now = self._clock()
        return tuple(item for item in roles.list_authorisations(name) if ended or item.holds(now))

    def _system_administrator(self) -> Actor:
        self._people.refuse_in_single_user_mode()
        return self._people.decider(Permission.MANAGE_ACCOUNTS, ())

    def _security_administrator(self) -> Actor:
        self._people.refuse_in_single_user_mode()
        return self._people.decider(Permission.MANAGE_AUTHORISATIONS, ())

    def _for_another(self, name: str, actor: Actor) -> Actor:
        if accounts.account_name(name) == actor.name:
            raise Forbidden(
                Text("管理员不能对自己的账号这样做", "an administrator can't do that to the own account"),
                Text(
                    "由另一位同类管理员操作；改自己的口令用 wardround user password",
                    "another administrator of the kind does it; your own password: wardround user password",
                ),
            )
        return actor

    def _check_systems(self, systems: Collection[str]) -> None:
        known = [component.slug for component in read_catalogue(self._site).components]
        if missing := [slug for slug in systems if slug != EVERY_SYSTEM and slug not in known]:
            near = [name for slug in missing for name in near_names(slug, known, 2)] or known
            raise NotFound(
                Text(f"没有系统 {'、'.join(missing)}", f"there is no system {', '.join(missing)}"),
                Text(
                    f"是否指 {'、'.join(near)}？全部系统写 '*'",
                    f"did you mean {', '.join(near)}? All systems: '*'",
                ),
            )

    def _end_of(self, last_day: date) -> datetime:
        now = self._clock()
        today = now.astimezone(self._site.timezone).date()
        if not today <= last_day <= today + LONGEST:
            raise InputError(
                Text(f"有效期 {last_day} 不可用", f"an authorisation can't end on {last_day}"),
                Text("从今天起，最长五年", "from today, and within five years"),
            )
        return datetime.combine(last_day + timedelta(days=1), time(), self._site.timezone)


def _refuse_duty(permission: Permission) -> None:
    if permission.is_duty:
        raise InputError(
            Text(
                f"{permission.label.zh}是管理员自身的职责，有角色即可，不另授权",
                f"to {permission.label.en} is an administrator's duty: the role alone allows it",
            ),
            Text("用 wardround user role 分配角色", "give the role with wardround user role"),
        )
