"""`wardround audit`: verify the log of events, anchor it on paper, list it, take it up after a break."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import click

from orchestrator.cli import options
from orchestrator.cli.exit_code import ExitCode
from orchestrator.cli.language import say, speak
from orchestrator.cli.visible import one_line


@click.group(
    name="audit",
    help=say("审计日志：校验、锚点、列出、断链后重启。", "The log of events: verify, anchor, list, restart."),
)
def command() -> None: ...


@command.command(
    name="verify",
    help=say(
        "从头到尾校验审计日志：指出第一个被改动、删除、插入、调换或截断的事件；并核对数据库中作出决定的记录"
        "（账号、登录、授权、豁免、发现的处理、计划任务的暂停）与执行的结束状态，逐一指出与日志不符的伪造记录。\n\n"
        "  wardround audit verify --anchor 123@sm3:...\n\n"
        "退出码：0 完好；1 断链或有伪造的记录；2 用法错误；3 有封档文件未能查看。",
        "Read the whole log: name the first event that was altered, removed, inserted, reordered or cut off, "
        "and every row in the database that carries a decision (account, session, authorisation, waiver, "
        "what was done about a finding, pause of a schedule) or the end of a run, and is not what the log "
        "says: it is forged.\n\n"
        "  wardround audit verify --anchor 123@sm3:...\n\n"
        "Exit codes: 0 intact; 1 broken, or a row is forged; 2 usage; 3 a sealed file is not there.",
    ),
)
@options.site()
@options.as_json()
@click.option(
    "--anchor",
    "anchors",
    multiple=True,
    metavar=say("序号@哈希", "SEQ@HASH"),
    help=say("签字报告上的锚点（可多次）", "An anchor from a signed report (repeatable)"),
)
def verify(site: Path | None, as_json: bool, anchors: tuple[str, ...]) -> int:
    from orchestrator.bootstrap import open_wardround

    found = open_wardround(site).audit.verify(anchors)
    if as_json:
        broken = found.broken
        shown = {
            "intact": found.sound,
            "events": found.events,
            "tail": str(found.tail) if found.tail else None,
            "broken": broken
            and {"kind": broken.kind, "sequence": broken.sequence, "text": speak(broken.text)},
            "acknowledged": [speak(text) for text in found.acknowledged],
            "unseen": [speak(text) for text in found.unseen],
            "forged": [
                {
                    "subject": row.subject,
                    "differs": row.differs,
                    "missing": row.missing,
                    "text": speak(row.text),
                }
                for row in found.forged
            ],
        }
        click.echo(json.dumps(shown, ensure_ascii=False, indent=2))
    else:
        for text in found.acknowledged:
            click.echo(say(f"已确认的断点：{text.zh}", f"acknowledged: {text.en}"))
        for text in found.unseen:
            click.echo(say(f"未能查看：{text.zh}", f"not looked at: {text.en}"))
        if found.broken:
            click.echo(say(f"断链：{found.broken.text.zh}", f"BROKEN: {found.broken.text.en}"))
        for row in found.forged:
            click.echo(
                say(
                    f"伪造：{one_line(row.text.zh)}，{row.worth.zh}",
                    f"FORGED: {one_line(row.text.en)}; {row.worth.en}",
                )
            )
        if found.sound:
            click.echo(say(f"完好：{found.events} 个事件", f"intact: {found.events} events"))
            click.echo(str(found.tail) if found.tail else "-")
    if not found.sound:
        return ExitCode.FINDINGS
    return ExitCode.UNKNOWN if found.unseen else ExitCode.OK


@command.command(
    name="head",
    help=say(
        "输出当前锚点，可抄在纸上签字。\n\n  wardround audit head",
        "Print the anchor, for a signed sheet of paper.\n\n  wardround audit head",
    ),
)
@options.site()
def head(site: Path | None) -> int:
    from orchestrator.bootstrap import open_wardround

    anchor = open_wardround(site).audit.anchor()
    if anchor is None:
        click.echo(say("还没有事件", "there are no events yet"), err=True)
    else:
        click.echo(str(anchor))
    return ExitCode.OK


@command.command(
    name="list",
    help=say(
        "列出事件，新的在前。\n\n  wardround audit list --kind waiver_approved --since 2026-11-01",
        "List events, newest first.\n\n  wardround audit list --kind waiver_approved --since 2026-11-01",
    ),
)
@options.site()
@options.as_json()
@click.option("--kind", help=say("事件种类", "Kind of event"))
@click.option("--actor", help=say("操作人", "Who did it"))
@click.option("--subject", help=say("对象中包含的文字", "Text that its subject contains"))
@click.option("--since", type=click.DateTime(), help=say("起始时间", "From then on"))
@click.option("--before", type=int, help=say("序号小于此数（翻页）", "Below this number (next page)"))
@click.option("--limit", type=click.IntRange(1, 10000), default=50, help=say("最多几条", "How many at most"))
def list_events(
    site: Path | None,
    as_json: bool,
    kind: str | None,
    actor: str | None,
    subject: str | None,
    since: datetime | None,
    before: int | None,
    limit: int,
) -> int:
    from orchestrator.bootstrap import open_wardround

    found = open_wardround(site).audit.events(kind, actor, subject, since, before, limit)
    if as_json:
        rows = [
            {
                "sequence": event.sequence,
                "at": event.at.isoformat(),
                "kind": event.kind,
                "label": speak(event.label),
                "actor": event.actor.name,
                "proof": event.actor.proof,
                "subject": event.subject,
                "data": json.loads(event.data),
                "hash": event.hash,
            }
            for event in found
        ]
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return ExitCode.OK
    for event in found:
        line = (
            f"{event.at:%Y-%m-%d %H:%M:%S}",
            speak(event.label),
            one_line(speak(event.actor.label)),
            one_line(event.subject),
        )
        click.echo(f"{event.sequence}\t" + "\t".join(line))
    return ExitCode.OK


@command.command(
    name="restart",
    help=say(
        "断链或链头丢失后，由审计管理员记下所发现的情况，日志从此继续；断点永远可见。\n\n"
        "  wardround audit restart --reason '磁盘更换，审计目录从备份恢复'",
        "After a break or a lost head: record what was found and go on. The break stays visible for ever.\n\n"
        "  wardround audit restart --reason 'disk replaced, folder restored'",
    ),
)
@options.site()
@click.option(
    "--reason", required=True, metavar=say("说明", "WHY"), help=say("查明的原因", "What was found out")
)
def restart(site: Path | None, reason: str) -> int:
    from orchestrator.bootstrap import open_wardround

    found = open_wardround(site).audit.restart(reason)
    if found.broken:
        click.echo(say(f"已记录：{found.broken.text.zh}", f"recorded: {found.broken.text.en}"), err=True)
    return ExitCode.OK


@command.command(
    name="seal",
    help=say(
        "把超过保留期（retention.events）的事件移入签名的封档文件。\n\n  wardround audit seal",
        "Move events older than retention.events into a signed file.\n\n  wardround audit seal",
    ),
)
@options.site()
def seal(site: Path | None) -> int:
    from orchestrator.bootstrap import open_wardround

    sealed = open_wardround(site).audit.seal()
    click.echo(say(f"已封存 {sealed} 个事件", f"sealed {sealed} events"), err=True)
    return ExitCode.OK
