"""Whether somebody carries runs out: which workers live, which are gone, which have fallen silent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from orchestrator.application.clock import Clock
from orchestrator.application.duration import say_duration
from orchestrator.language import Text
from orchestrator.model.diagnosis import Condition, Diagnosis
from orchestrator.model.lease import COMMAND, Lease
from orchestrator.records.leases import list_leases
from orchestrator.records.process import surely_gone

FRESH = timedelta(seconds=10)
"""A worker beats every 3 seconds. By the times alone a younger beat needs no second look."""
LOOK_AGAIN_SECONDS = 4.0
"""Longer than from one beat to the next: whoever has not moved then is silent, whatever the clocks say."""
START = Text(
    "启动工作进程：systemctl start wardround-worker（或 wardround worker）",
    "start a worker: systemctl start wardround-worker, or wardround worker",
)


@dataclass(frozen=True, slots=True)
class Crew:
    """Who has a lease, told by whether they live."""

    alive: tuple[Lease, ...]
    skewed: tuple[Lease, ...]
    """Of those alive: their clock is far from ours."""
    gone: tuple[Lease, ...]
    """Their process ended without giving the lease back."""
    silent: tuple[Lease, ...]
    """Nothing was seen of them: hung, cut off, or on a machine that is down."""
    handed_on: tuple[Lease, ...]
    """Dead, and what they had begun is being taken over."""

    @property
    def workers(self) -> tuple[Lease, ...]:
        """Those alive that take every run."""
        return tuple(one for one in self.alive if not _within_command(one))


def look_at_crew(clock: Clock, wait: Callable[[float], None]) -> Crew:
    """Look at all leases, and a second time at those of which the first look can't tell.

    Args:
        wait: for that many seconds.
    """
    leases = list_leases()
    alive, gone, handed_on, doubtful = [], [], [], []
    now = clock()
    for lease in leases:
        if lease.dead:
            handed_on.append(lease)
        elif surely_gone(lease.life):
            gone.append(lease)
        elif abs(now - lease.beaten_at) > FRESH:
            doubtful.append(lease)
        else:
            alive.append(lease)
    if not doubtful:
        return Crew(tuple(alive), (), tuple(gone), (), tuple(handed_on))
    wait(LOOK_AGAIN_SECONDS)
    beats = {lease.fence: lease.beat for lease in list_leases()}
    moved = [one for one in doubtful if beats.get(one.fence, one.beat) != one.beat]
    silent = [one for one in doubtful if beats.get(one.fence) == one.beat]
    return Crew(tuple(alive + moved), tuple(moved), tuple(gone), tuple(silent), tuple(handed_on))


def examine_workers(crew: Crew, clock: Clock, *, needed: bool) -> Iterator[Diagnosis]:
    """Say of each worker how it is.

    Args:
        needed: there is a timetable, and nothing in it starts without a worker.
    """
    now = clock()
    for lease in crew.workers:
        said = Text(f"工作进程 {_where(lease).zh} 正常", f"worker {_where(lease).en} is alive")
        yield Diagnosis("worker", Condition.OK, said, subject=lease.identity)
    for lease in crew.skewed:
        yield _skewed(lease, now - lease.beaten_at)
    for lease in crew.gone:
        yield _gone(lease, others=bool(crew.workers))
    for lease in crew.silent:
        yield _silent(lease, now - lease.beaten_at)
    for lease in crew.handed_on:
        yield _handed_on(lease, others=bool(crew.workers))
    if crew.workers:
        return
    if needed:
        said = Text("没有工作进程，时间表不会执行", "no worker is alive: nothing in the timetable starts")
        yield Diagnosis("worker", Condition.CRIT, said, START)
    elif not (crew.gone or crew.silent or crew.handed_on):
        said = Text(
            "没有工作进程；由命令各自执行自己发起的任务",
            "no worker is alive: each command carries out its own run",
        )
        yield Diagnosis("worker", Condition.OK, said)


def _within_command(lease: Lease) -> bool:
    return lease.identity.startswith(COMMAND)


def _gone(lease: Lease, *, others: bool) -> Diagnosis:
    where = _where(lease)
    cure = START
    if others or _within_command(lease):
        cure = Text(
            "其他工作进程会接管；查看它为何结束：journalctl -u wardround-worker",
            "another worker takes over; see why it ended: journalctl -u wardround-worker",
        )
    return Diagnosis(
        "worker",
        Condition.WARN if others or _within_command(lease) else Condition.CRIT,
        Text(f"工作进程 {where.zh} 已异常结束", f"worker {where.en} has died"),
        cure,
        lease.identity,
    )


def _silent(lease: Lease, since: timedelta) -> Diagnosis:
    where, lasted = _where(lease), say_duration(since)
    return Diagnosis(
        "worker",
        Condition.CRIT,
        Text(
            f"工作进程 {where.zh} 失去响应，最后一次心跳在 {lasted.zh}前",
            f"worker {where.en} is silent: its last sign was {lasted.en} ago",
        ),
        Text(
            f"在 {lease.life.host} 上执行 systemctl status wardround-worker；不能恢复就重启，任务会被接管",
            f"on {lease.life.host} see systemctl status wardround-worker; restart it if it does not recover: "
            "its runs are taken over",
        ),
        lease.identity,
    )


def _handed_on(lease: Lease, *, others: bool) -> Diagnosis:
    where = _where(lease)
    return Diagnosis(
        "worker",
        Condition.WARN,
        Text(
            f"工作进程 {where.zh} 已失效，其任务正在移交",
            f"worker {where.en} is dead, and its runs are being handed on",
        ),
        Text("稍后再看一次：wardround doctor", "look again in a minute: wardround doctor")
        if others
        else START,
        lease.identity,
    )


def _skewed(lease: Lease, behind: timedelta) -> Diagnosis:
    by = say_duration(abs(behind))
    ahead = behind < timedelta(0)
    return Diagnosis(
        "clock",
        Condition.WARN,
        Text(
            f"工作进程所在机器 {lease.life.host} 的时钟比本机{'快' if ahead else '慢'} {by.zh}",
            f"the clock of {lease.life.host}, where a worker runs, is {by.en} "
            f"{'ahead of' if ahead else 'behind'} ours",
        ),
        Text(
            "在两台机器上检查对时：chronyc tracking（或 timedatectl）",
            "see what keeps time on both machines: chronyc tracking, or timedatectl",
        ),
        lease.identity,
    )


def _where(lease: Lease) -> Text:
    life = lease.life
    return Text(
        f"{lease.identity}（{life.host}，进程号 {life.pid}）",
        f"{lease.identity} ({life.host}, process {life.pid})",
    )
