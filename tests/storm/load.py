"""Runbooks of mixed effects, each task of which that must happen once writes down that it did."""

from __future__ import annotations

import random

from tests.run_site import RunSite

HOSTS = ("t1", "t2", "t3", "t4")
ONCE = ("once-a", "once-b", "same")
"""The tasks that write down that they happened."""


class Load:
    """The runbooks of one storm."""

    def __init__(self, site: RunSite, chance: random.Random) -> None:
        self._site = site
        self._chance = chance
        self._look: dict[str, object] = {"id": "look", "command": "test -d /", "effect": "read"}
        made = f"mkdir -p {site.effects}/made"
        self._make: dict[str, object] = {"id": "make", "shell": made, "effect": "idempotent"}
        self.hosts: dict[str, list[str]] = {}
        """By runbook: some want the same one, and some do not."""

    def accept(self) -> None:
        """What is not to count as `once` is accepted by its text, whichever runbook it is in."""
        self._site.write("mild", [self._look, self._make])
        accepted = self._site.run("runbook", "accept", "mild", "--reason", "it does no harm twice", "--yes")
        assert accepted.returncode == 0, accepted.stderr

    def write_runbook(self) -> str:
        """A new one; returns its name."""
        name = f"r{len(self.hosts):04d}"
        self.hosts[name] = self._chance.sample(HOSTS, self._chance.randrange(1, 3))
        self._site.write(name, self._tasks(name), hosts=":".join(self.hosts[name]))
        return name

    def _tasks(self, name: str) -> list[dict[str, object]]:
        seconds = [round(self._chance.uniform(0, 1.0), 2) for _ in range(2)]
        host = "{{ inventory_hostname }}"
        file = f"{self._site.effects}/{host}"

        def writes(task: str, then: str) -> dict[str, object]:
            return {"id": task, "shell": f"echo {name} {host} {task} >> {file}; {then}"}

        return [
            writes("once-a", f"sleep {seconds[0]}"),
            self._look,
            {"id": "rest", "pause": {"seconds": 1}},
            writes("once-b", f"seq 1 2000; sleep {seconds[1]}; echo end >&2"),
            {"id": "say", "debug": {"msg": "said"}},
            self._make,
            writes("same", "true"),
        ]
