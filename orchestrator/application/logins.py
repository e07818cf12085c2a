"""Logging in and out, and what belongs to it: a new password, a second factor."""

from __future__ import annotations

from orchestrator.application.clock import Clock
from orchestrator.application.people import People
from orchestrator.errors import Unauthenticated
from orchestrator.model.account import Admitted, Presence
from orchestrator.model.site import Site
from orchestrator.records.logins import admit, choose_own_password, enrol, log_in
from orchestrator.records.second_factor import enrolment_uri, new_secret
from orchestrator.records.sessions import close_session


class Logins:
    """Logins of one site, whose database is open. A face asks for what it needs, in this order."""

    def __init__(self, site: Site, people: People, clock: Clock) -> None:
        self._site = site
        self._people = people
        self._clock = clock

    def admit(self, name: str, password: str, code: str) -> Admitted:
        """Raises Unauthenticated, without a reason, when something is wrong. The log has the reason."""
        self._people.refuse_in_single_user_mode()
        return admit(name, password, code, self._clock(), self._site.state, self._people.machine())

    def choose_password(self, admitted: Admitted, password: str) -> Admitted:
        """Raises InputError with every rule that it breaks."""
        return choose_own_password(admitted, password, self._clock())

    def new_second_factor(self, admitted: Admitted) -> tuple[str, str]:
        """A secret to enrol, and the URI that a QR code shows. Nothing is kept yet."""
        secret = new_secret()
        return secret, enrolment_uri(secret, admitted.name, self._site.hospital.zh)

    def enrol(self, admitted: Admitted, secret: str, code: str) -> Admitted:
        """Keep a second factor once a first code proves that the person's device has it.

        Raises:
            InputError: the code is not right; nothing was enrolled, and the same secret may be tried again.
        """
        return enrol(admitted, secret, code, self._clock(), self._site.state)

    def log_in(self, admitted: Admitted) -> Presence:
        """Open the session of somebody who has a password of their own and a second factor."""
        log_in(admitted, self._people.session_file.make(), self._clock())
        return self._people.present()

    def log_out(self) -> str | None:
        """End the session; returns whose it was."""
        try:
            token = self._people.session_file.read()
        except Unauthenticated:
            token = None
        name = close_session(token, self._clock()) if token else None
        self._people.session_file.remove()
        return name

    def change_own_password(self, old: str, code: str, new: str) -> None:
        """Raises Unauthenticated when the old one or the code is wrong: that counts as a failed login."""
        person = self._people.present()
        self.choose_password(self.admit(person.name, old, code), new)
