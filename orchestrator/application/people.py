"""Who is at the keyboard, and whether they may take a decision."""

from __future__ import annotations

import getpass
from collections.abc import Collection

from orchestrator.errors import Unauthenticated
from orchestrator.language import Text
from orchestrator.model.actor import Actor, Proof
from orchestrator.model.person import Permission
from orchestrator.model.site import Site


class People:
    """The people of one site, whose database is open."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def starter(self) -> Actor:
        """Who starts a read-only round: whoever is logged in, or else the machine's account."""
        proof = Proof.SINGLE_USER if self._site.single_user else Proof.OS_USER
        return Actor(_account_of_the_machine(), proof)

    def decider(self, permission: Permission, systems: Collection[str]) -> Actor:
        """Who takes a decision. Never the machine's account, but for a site in single-user mode.

        Args:
            systems: slugs of the components that it touches; empty: no one in particular, so all.

        Raises:
            Unauthenticated: nobody is logged in, or the session has ended.
            Forbidden: whoever is lacks role or authorisation; says which.
        """
        if self._site.single_user:
            return Actor(_account_of_the_machine(), Proof.SINGLE_USER)
        raise Unauthenticated(
            Text("这是一项决定，需要先登录", "this is a decision: log in first"),
            Text("执行 wardround login", "run wardround login"),
        )


def _account_of_the_machine() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
