"""Sets the demo hospital up, lets a day pass in it, and takes it down without a trace."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from orchestrator.demo.arrangement import arrange
from orchestrator.demo.faults import FAULTS, KEY_CHANGED, Fault, impossible
from orchestrator.demo.hospital import HOSTS, SSH_PORT
from orchestrator.demo.isolation import Isolation, best_isolation
from orchestrator.demo.place import Place, has_openssh
from orchestrator.demo.ports import answers, free_shift, is_free, own_turn
from orchestrator.demo.process import end, recorded
from orchestrator.demo.record import StageRecord, claim, disclaim, is_demo, locked
from orchestrator.demo.site import prepare_site
from orchestrator.errors import InputError, NotFound
from orchestrator.language import Text

Say = Callable[[Text], None]
_RUN_SSHD = Path("/run/sshd")


@dataclass(frozen=True, slots=True)
class Demo:
    """The demo hospital as it stands."""

    folder: Path
    site: Path
    """The site folder: what `wardround --site` takes."""
    hosts: tuple[Place, ...]
    day: int
    faults: tuple[Text, ...]
    """What is wrong in it today, on purpose."""
    missing: tuple[Text, ...]
    """What can't be shown on this machine, and why."""


def up(folder: Path, say: Say, isolation: Isolation | None = None) -> Demo:
    """Set the demo hospital up in `folder`, or go on with the one that is there and mend what is broken.

    Args:
        isolation: less than this machine allows, for trying out what others see.

    Raises:
        InputError: the folder can't be used.
        Busy: another command is at the same demo.
        Unreachable: a host did not come up.
    """
    claim(folder)
    with locked(folder), own_turn():
        record = _record(folder, isolation)
        record.write(folder)
        say(
            Text(
                f"正在启动演示医院：{len(HOSTS)} 台主机 ……",
                f"starting the demo hospital: {len(HOSTS)} hosts ...",
            )
        )
        return _arranged(folder, record)


def advance(demo: Demo, say: Say) -> Demo:
    """Let a day pass: the engineers mend some of it, and something else breaks. Says so.

    Raises:
        NotFound: the demo has been taken down.
        Busy: another command is at the same demo.
        Unreachable: a host did not come up.
    """
    standing = status(demo.folder)
    if standing is None:
        raise NotFound(
            Text("演示医院没有在运行", "there is no demo hospital"),
            Text("先执行 wardround demo up", "run: wardround demo up"),
        )
    with locked(demo.folder), own_turn():
        record = _record(demo.folder, None)
        record = record.on_day(record.day + 1)
        record.write(demo.folder)
        _tell(standing.hosts, record.day, say)
        return _arranged(demo.folder, record)


def down(folder: Path, say: Say) -> None:
    """End exactly what the demo started, and remove its folder.

    Raises:
        InputError: something of it can't be ended or removed.
        Busy: another command is at the same demo.
    """
    if not is_demo(folder):
        say(Text("演示医院没有在运行，无需清理", "there is no demo hospital to end"))
        return
    with locked(folder):
        services = list((folder / "hosts").glob("*/run/*.process"))
        hosts = list((folder / "run").glob("*.process"))
        for item in services:
            # Asked, it leaves no shared memory behind. In namespaces it ends with them: its pid is not ours.
            end(item, gently=True)
        for item in hosts:
            end(item)
        left = [item.stem for item in (*services, *hosts) if recorded(item) is not None]
        if left:
            names = ", ".join(left)
            raise InputError(Text(f"无法结束：{names}", f"could not end: {names}"))
        _wait_for_silence(folder)
        _remove(folder)
    say(Text(f"演示医院已清理：{folder}", f"the demo hospital is gone: {folder}"))


def _wait_for_silence(folder: Path) -> None:
    """Whoever is told that the demo is gone must not find it answering: the kernel may let go of a killed
    namespace's sockets a moment after its processes."""
    with suppress(InputError):
        record = StageRecord.read(folder)
        places = _places(folder, record) if record is not None else ()
        deadline = time.monotonic() + 5.0
        # No longer than that: another demo may have taken the port in the meantime.
        while any(answers(place.host.address, place.ssh_port) for place in places):
            if time.monotonic() > deadline:
                return
            time.sleep(0.02)


def status(folder: Path) -> Demo | None:
    """The demo in `folder`, untouched; None where none stands."""
    record = StageRecord.read(folder) if is_demo(folder) else None
    return _demo(folder, record) if record is not None else None


def _arranged(folder: Path, record: StageRecord) -> Demo:
    demo = _demo(folder, record)
    # The hosts' logs carry this machine's local time: it is theirs too.
    troubles = arrange(demo.hosts, record.day, datetime.now().astimezone())
    prepare_site(folder, demo.hosts)
    return replace(demo, missing=(*demo.missing, *troubles))


def _demo(folder: Path, record: StageRecord) -> Demo:
    places = _places(folder, record)
    wrong = [item.wrong for item in _shown(places, record.day)]
    missing = [
        Text(f"{item.host}：{item.wrong.zh}——{why.zh}", f"{item.host}: {item.wrong.en} - {why.en}")
        for item, why in _not_shown(places)
    ]
    if not record.isolation.own_volume:
        missing.append(
            Text(
                "演示主机与本机共用进程表和磁盘（独立需要 root 或用户命名空间），数据目录改查配额",
                "the demo hosts have no processes and no volumes of their own (that takes root or user"
                " namespaces): they show this machine's, and their data folders are held to a quota instead",
            )
        )
    if not has_openssh():
        missing.append(
            Text(
                "没有 OpenSSH：演示主机改用内置的简易 SSH 服务",
                "no OpenSSH: the demo hosts answer through a small stand-in SSH server",
            )
        )
    return Demo(folder, folder / "site", places, record.day, (*wrong, KEY_CHANGED), tuple(missing))


def _shown(places: Sequence[Place], day: int) -> list[Fault]:
    """What is wrong on `day`, as far as this machine can show it."""
    hosts = {place.host.name: place for place in places}
    return [item for item in FAULTS if item.present(day) and impossible(item, hosts[item.host]) is None]


def _not_shown(places: Sequence[Place]) -> Iterator[tuple[Fault, Text]]:
    hosts = {place.host.name: place for place in places}
    for item in FAULTS:
        if (why := impossible(item, hosts[item.host])) is not None:
            yield item, why


def _places(folder: Path, record: StageRecord) -> tuple[Place, ...]:
    return tuple(Place(host, folder, record.isolation, record.ssh_port, record.ports) for host in HOSTS)


def _record(folder: Path, isolation: Isolation | None) -> StageRecord:
    """The record that stands, with ports that are free or already ours; else a new one."""
    standing = StageRecord.read(folder)
    if standing is not None and any(place.running for place in _places(folder, standing)):
        return standing
    wanted = standing.isolation if standing else isolation or best_isolation()
    ssh_port, ports = _choose_ports(standing)
    made = standing.made_run_sshd if standing else False
    if wanted is Isolation.SHARED and os.geteuid() == 0 and has_openssh() and not _RUN_SSHD.exists():
        _RUN_SSHD.mkdir(mode=0o755)
        made = True
    return StageRecord(wanted, ssh_port, ports, standing.day if standing else 0, made)


def _choose_ports(standing: StageRecord | None) -> tuple[int, Mapping[str, int]]:
    """The ports of the last time, if they still are free; they are known to people by now."""
    if standing is not None and all(is_free(port) for port in (standing.ssh_port, *standing.ports.values())):
        return standing.ssh_port, standing.ports
    usual = {host.name: host.service.port for host in HOSTS if host.service is not None}
    shift = free_shift([SSH_PORT, *usual.values()])
    return SSH_PORT + shift, {name: port + shift for name, port in usual.items()}


def _tell(places: Sequence[Place], day: int, say: Say) -> None:
    """What changed since the day before, in two sentences."""
    before, today = _shown(places, day - 1), _shown(places, day)
    mended = [item.mended for item in before if item not in today]
    broken = [item.wrong for item in today if item not in before]
    say(
        Text(
            f"上一轮之后，工程师{'；'.join(item.zh for item in mended) or '没有处置'}。",
            f"since the last round the engineers {'; '.join(item.en for item in mended) or 'did nothing'}.",
        )
    )
    if broken:
        text = Text("；".join(item.zh for item in broken), "; ".join(item.en for item in broken))
        say(Text(f"新情况：{text.zh}。", f"new: {text.en}."))


def _remove(folder: Path) -> None:
    with suppress(InputError):
        record = StageRecord.read(folder)
        if record is not None and record.made_run_sshd:
            with suppress(OSError):
                _RUN_SSHD.rmdir()
    for item in folder.iterdir():
        if item.is_dir() and not item.is_symlink():
            shutil.rmtree(item)
        elif item.name not in ("demo.json", ".lock"):
            item.unlink()
    disclaim(folder)
