"""Reads what a host prints about its launches. Pure text work."""

from __future__ import annotations

from orchestrator.errors import SpoolError
from orchestrator.language import Text
from orchestrator.model.launch import CHUNK, LaunchReport, LaunchState, Swept, is_id
from orchestrator.model.question import CommandAnswer, CommandEnd
from orchestrator.reach.launch_script import HELLO, Offsets

_STATES = {
    "running": LaunchState.RUNNING,
    "exited": LaunchState.EXITED,
    "timed_out": LaunchState.TIMED_OUT,
    "stopped": LaunchState.STOPPED,
    "unknown": LaunchState.UNKNOWN,
    "unproven": LaunchState.UNKNOWN,
    "unsynced": LaunchState.ABSENT,
    "absent": LaunchState.ABSENT,
}

_REASONS = {
    "unclaimed": Text("主机上没有该指令的记录", "the host has no record of this launch"),
    "forbidden": Text("该指令从未启动，且已禁止启动", "it was never started, and now it never will be"),
    "no-setsid": Text(
        "未启动：主机上没有 setsid 命令（util-linux）", "not started: the host has no setsid (util-linux)"
    ),
    "no-supervisor": Text("未启动：主机上缺少监督程序", "not started: the host has no supervisor program"),
    "no-room": Text("未启动：无法写入主机的任务目录", "not started: the host's spool can't be written"),
    "unsynced": Text(
        "未启动：主机不能把记录写到磁盘上", "not started: the host could not bring its record to the disk"
    ),
    "no-spool": Text(
        "主机的任务目录已不是原来那个（被清空或替换）：无法得知是否运行过",
        "the host's spool is not the one it was (emptied or replaced): nobody can tell whether it ran",
    ),
    "no-proc": Text(
        "主机没有可用的 /proc，无法判断是否仍在运行",
        "the host has no usable /proc: it can't tell whether it still runs",
    ),
    "unproven": Text(
        "已结束其进程组，但主机没有可用的 /proc，无法确认是否还有残留进程",
        "its process group was ended, but without /proc the host can't tell whether anything is left",
    ),
    "died": Text("监督进程被强行结束，没有留下结果", "its supervisor was killed and left no result"),
    "rebooted": Text(
        "运行期间主机重启，没有留下结果", "the host restarted while it ran, and there is no result"
    ),
    "swept": Text("结果已按保留期限清理", "its result was removed by age"),
    "alone": Text(
        "监督进程已不在，命令仍在运行：其结果将无法得知",
        "its supervisor is gone and the command still runs: its status will not be known",
    ),
    "stuck": Text("有进程无法结束", "something of it does not end"),
}

_BARE = {"unclaimed", "forbidden", "no-setsid", "no-supervisor", "no-room", "no-spool"}
"""They come without figures: nothing was claimed, or nothing is there any more."""

_BEGINNING = Offsets()

_HINT = Text(
    "检查主机的磁盘空间、该用户的主目录及其权限",
    "look at the host's disk space and at that user's home and its rights",
)


def read_report(answer: CommandAnswer, spool: str, offsets: Offsets = _BEGINNING) -> LaunchReport:
    """What a host says of a launch.

    Raises:
        SpoolError: it says nothing sensible.
    """
    words, stdout = _read(answer)
    if len(words) < 2 or words[0] not in _STATES:
        raise _failed(answer, " ".join(words[2:]))
    state, why, *figures = words
    reason = _REASONS.get(state) or _REASONS.get(why)
    if why in _BARE:
        return LaunchReport(_STATES[state], spool, reason=_detailed(_REASONS[why], " ".join(figures)))
    try:
        rc, began, ended, now, out, err, capped = figures
        return LaunchReport(
            _STATES[state],
            spool,
            rc=_number(rc),
            stdout=stdout,
            stderr=answer.stderr,
            stdout_size=_size(int(out), offsets.stdout, stdout),
            stderr_size=_size(int(err), offsets.stderr, answer.stderr),
            capped=capped == "capped",
            seconds=_seconds(began, ended),
            ended_ago=_seconds(ended, now),
            reason=reason,
        )
    except ValueError as error:
        raise _failed(answer) from error


def read_spool(answer: CommandAnswer) -> str:
    """The id of the spool that was opened.

    Raises:
        SpoolError: there is none, and why.
    """
    words, _ = _read(answer)
    if len(words) != 2 or words[0] != "spool" or not is_id(words[1]):
        raise _failed(answer, " ".join(words[2:]))
    return words[1]


def read_swept(answer: CommandAnswer) -> Swept:
    """How much was removed.

    Raises:
        SpoolError: the host did not finish.
    """
    words, _ = _read(answer)
    if len(words) != 3 or words[0] != "swept":
        raise _failed(answer, " ".join(words[2:]))
    return Swept(int(words[1]), int(words[2]) * 1024)


def _read(answer: CommandAnswer) -> tuple[list[str], bytes]:
    """The words of its first line, and what follows it."""
    line, _, rest = answer.stdout.partition(b"\n")
    hello, *words = line.decode("utf-8", "replace").split() or [""]
    if answer.end is not CommandEnd.EXITED or hello != HELLO:
        raise _failed(answer)
    return words, rest


def _failed(answer: CommandAnswer, detail: str = "") -> SpoolError:
    detail = detail or answer.stderr.decode("utf-8", "replace").strip()[-300:]
    if not detail and answer.end is CommandEnd.TIMED_OUT:
        return SpoolError(
            Text("主机的任务目录在限时内没有应答", "the host's spool did not answer in the time allowed"),
            Text("检查主机的磁盘和 NFS 挂载", "look at the host's disks and NFS mounts"),
        )
    return SpoolError(
        _detailed(Text("主机的任务目录不可用", "the host's spool can't be used"), detail), _HINT
    )


def _detailed(reason: Text, detail: str) -> Text:
    if not detail:
        return reason
    return Text(f"{reason.zh}：{detail}", f"{reason.en}: {detail}")


def _size(size: int, offset: int, piece: bytes) -> int:
    """A host that lost its power may have kept the result and not all of the output before it."""
    return offset + len(piece) if len(piece) < min(CHUNK, size - offset) else size


def _number(word: str) -> int | None:
    return None if word == "-" else int(word)


def _seconds(began: str, ended: str) -> float | None:
    """Between two readings of the host's uptime."""
    return None if "-" in (began, ended) else max(0.0, round(float(ended) - float(began), 2))
