"""Makes every host look as it does on a given day: what is due is planted, all else is in order."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from orchestrator.demo.application_log import write_log
from orchestrator.demo.backups import write_backups
from orchestrator.demo.certificate import time_left, write_certificate
from orchestrator.demo.database import refresh_database
from orchestrator.demo.faults import is_present
from orchestrator.demo.hospital import ServiceKind
from orchestrator.demo.hosts import prepare, start, stop, wait_for_service, wait_until_up
from orchestrator.demo.place import Place
from orchestrator.demo.services import unavailable
from orchestrator.demo.tree import VOLUME_MIB
from orchestrator.errors import Unreachable
from orchestrator.language import Text

_USUAL_FILL = 20
_FILLS = {("his-db01", "volume-full"): 93, ("mq01", "volume-filling"): 87}
_STOPPED = {"emr-app01": "emr-stopped", "lis-app01": "lis-stopped"}
_ERRORS = {"his-app02": "his-errors", "emr-app01": "emr-errors"}
_OFF = {"pay-front01": "host-down"}


def arrange(places: Sequence[Place], day: int, now: datetime) -> tuple[Text, ...]:
    """Start what should run, end what should not, and set the day's scene on each host.

    Returns:
        Which services did not come up, and why: the demo goes on without them.

    Raises:
        Unreachable: a host does not answer.
    """
    off = [place for place in places if _due(_OFF, place, day)]
    on = [place for place in places if place not in off]
    for place in off:
        stop(place)
    renewed = set()
    for place in on:
        prepare(place)
        if place.host.name == "web01" and _set_certificate(place, day, now):
            renewed.add(place.host.name)
        _set_files(place, day, now)
        start(place)
    with ThreadPoolExecutor(max_workers=4) as engineers:
        work = [engineers.submit(_work_on, place, day, place.host.name in renewed) for place in on]
        return tuple(trouble for done in work if (trouble := done.result()) is not None)


def _set_certificate(place: Place, day: int, now: datetime) -> bool:
    """See to it that the certificate is as old as the day asks; say whether it is a new one."""
    folder = place.folder / "etc" / "tls"
    due = is_present("certificate", day)
    left = time_left(folder, now)
    fits = timedelta(days=4) < left < timedelta(days=6) if due else left > timedelta(days=30)
    if not fits:
        write_certificate(folder, now, timedelta(days=5, hours=12) if due else timedelta(days=390))
    return not fits


def _set_files(place: Place, day: int, now: datetime) -> None:
    service = place.host.service
    if place.host.name == "bak01":
        write_backups(
            place.folder / "backup",
            now,
            stale="his" if is_present("backup-stale", day) else None,
            shrunk="lis" if is_present("backup-shrunk", day) else None,
        )
    if service is not None and service.kind is ServiceKind.HTTP:
        write_log(place.folder / "log" / f"{service.name}.log", now, burst=_due(_ERRORS, place, day))


def _work_on(place: Place, day: int, restart: bool) -> Text | None:
    """What takes a running host."""
    wait_until_up(place)
    place.shell(_fill(place, day))
    service = place.host.service
    if service is None or unavailable(place) is not None:
        return None
    action = "stop" if _due(_STOPPED, place, day) else "restart" if restart else "start"
    place.shell(f'"$root/bin/service" {action} {service.name}')
    try:
        if action != "stop":
            wait_for_service(place)
        if service.kind is ServiceKind.POSTGRES:
            refresh_database(place, failing=is_present("charges-failing", day))
    except Unreachable as error:
        return error.message
    return None


def _fill(place: Place, day: int) -> str:
    share = next(
        (fill for (host, id_), fill in _FILLS.items() if host == place.host.name and is_present(id_, day)),
        _USUAL_FILL,
    )
    kib = VOLUME_MIB * 1024 * share // 100
    return f'rm -f "$root/data/archive.dat" && head -c {kib}K /dev/zero >"$root/data/archive.dat"'


def _due(hosts: dict[str, str], place: Place, day: int) -> bool:
    return place.host.name in hosts and is_present(hosts[place.host.name], day)
