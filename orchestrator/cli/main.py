"""The `wardround` command: finds the subcommand, and turns every error into one clear sentence."""

from __future__ import annotations

import gc
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from orchestrator.cli.exit_code import ExitCode
from orchestrator.cli.language import choose_language, say, speak
from orchestrator.cli.lazy import Entry, LazyGroup
from orchestrator.cli.phrases import teach_click
from orchestrator.cli.visible import visible
from orchestrator.errors import OrchestratorError
from orchestrator.language import Text

COMMANDS = {
    "round": Entry(
        "orchestrator.cli.round", Text("巡检：执行、列出、查看", "Inspection rounds: run, list, show")
    ),
    "run": Entry(
        "orchestrator.cli.run",
        Text("执行：开始、查看、跟踪、取消、裁定", "Runs: start, show, follow, cancel, rule"),
    ),
    "worker": Entry("orchestrator.cli.worker", Text("工作进程", "The process that carries runs out")),
    "trend": Entry("orchestrator.cli.trend", Text("走势与预测", "How a number went, and its forecast")),
    "schedule": Entry(
        "orchestrator.cli.schedule", Text("时间表：接下来何时执行", "The timetable: what runs next, and when")
    ),
    "report": Entry("orchestrator.cli.report", Text("生成一轮巡检的报告", "Write the report of a round")),
    "finding": Entry(
        "orchestrator.cli.finding",
        Text("发现：列出、指派、备注、复检、关闭", "Findings: list, assign, note, recheck, close"),
    ),
    "waiver": Entry("orchestrator.cli.waiver", Text("豁免：批准、列出、终止", "Waivers: add, list, expire")),
    "runbook": Entry(
        "orchestrator.cli.runbook",
        Text("运行手册：列出、认可自由命令", "Runbooks: list, accept free commands"),
    ),
    "audit": Entry(
        "orchestrator.cli.audit",
        Text("审计日志：校验、锚点、列出", "The log of events: verify, anchor, list"),
    ),
    "lint": Entry("orchestrator.cli.lint", Text("检查文档", "Check documents")),
    "schema": Entry("orchestrator.cli.schema", Text("输出 JSON Schema", "Print a JSON Schema")),
    "hosts": Entry(
        "orchestrator.cli.hosts",
        Text("主机：列出、连通测试、信任主机密钥", "Hosts: list, ping, trust host keys"),
    ),
    "db": Entry(
        "orchestrator.cli.db",
        Text("数据库：检查、备份、恢复、清理", "The records' database: check, back up, restore, tidy"),
    ),
    "doctor": Entry(
        "orchestrator.cli.doctor", Text("体检：哪里不妥，如何处理", "What is amiss here, and what mends it")
    ),
    "login": Entry("orchestrator.cli.login", Text("登录", "Log in")),
    "logout": Entry("orchestrator.cli.login", Text("退出登录", "Log out"), "logout"),
    "whoami": Entry("orchestrator.cli.login", Text("显示当前身份", "Show who you are here"), "whoami"),
    "user": Entry(
        "orchestrator.cli.user", Text("人员：账号、角色、授权", "People: accounts, roles, authorisations")
    ),
    "init": Entry("orchestrator.cli.init", Text("新建站点目录", "Make a new site folder")),
    "demo": Entry("orchestrator.cli.demo", Text("本机上的示范医院", "A small hospital on this machine")),
    "completion": Entry(
        "orchestrator.cli.completion", Text("命令行补全脚本", "Completion for bash, zsh and fish")
    ),
}


def main() -> None:
    """The console script."""
    # The collector would walk through all that was imported again and again while more is imported: a
    # twelfth of the time in which a command begins. At this pace it still ends cycles in a worker's months.
    gc.set_threshold(50_000, 20, 20)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that speaks GBK has no check mark, and must not lose the round's result over it.
            stream.reconfigure(errors="backslashreplace")
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code. No traceback leaves this function."""
    choose_language(arguments)
    teach_click()
    try:
        code = _group().main(list(arguments), prog_name="wardround", standalone_mode=False)
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.ClickException as error:
        error.show(sys.stderr)
        return ExitCode.USAGE
    except (click.Abort, KeyboardInterrupt):
        click.echo(say("已取消", "cancelled"), err=True)
        return ExitCode.CANCELLED
    except OrchestratorError as error:
        click.echo(_sentence(error), err=True)
        return error.exit_code
    except BrokenPipeError:
        # The reader of our output went away (`| head`): not our fault, and nothing more to say to it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.OK
    except Exception:  # noqa: BLE001 - the last line of defence: a traceback that a user sees is a bug
        return _own_fault()
    return code if isinstance(code, int) else ExitCode.OK


def _group() -> click.Group:
    return LazyGroup(
        name="wardround",
        entries=COMMANDS,
        help=say(
            "医院信息系统的巡检、应急与变更，用 YAML 运行手册执行，全程留痕。\n\n"
            "第一次使用：wardround demo run 会在本机搭一个小医院并完成一次早巡检。",
            "A hospital's inspections, emergency plans and changes: YAML runbooks, everything recorded.\n\n"
            "First time: `wardround demo run` sets up a small hospital on this machine and inspects it.",
        ),
        params=[
            click.Option(
                ["--lang"],
                type=click.Choice(["zh", "en"]),
                expose_value=False,
                help=say("界面语言（也可用环境变量 WARDROUND_LANG）", "Language (or set WARDROUND_LANG)"),
            ),
            click.Option(
                ["--version"],
                is_flag=True,
                is_eager=True,
                expose_value=False,
                callback=_version,
                help=say("显示版本", "Show the version"),
            ),
        ],
        epilog=say(
            "退出码：0 全部正常；1 有发现；2 用法或文档错误；3 有主机不可达或检查未知；"
            "4 程序自身故障；130 被取消。",
            "Exit codes: 0 all ok; 1 findings; 2 usage or document error; 3 hosts unreachable or checks "
            "unknown; 4 our own fault; 130 cancelled.",
        ),
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )


def _version(context: click.Context, _option: click.Parameter, asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        click.echo(f"wardround {version('wardround')}")
        context.exit()


def _sentence(error: OrchestratorError) -> str:
    text = visible(speak(error.message))
    return f"{text}\n  → {visible(speak(error.hint))}" if error.hint else text


def _own_fault() -> int:
    """Keep the traceback for us and give the user one sentence and a file to send."""
    import tempfile
    import traceback

    handle, name = tempfile.mkstemp(prefix="wardround-fault-", suffix=".log")
    with os.fdopen(handle, "w", encoding="utf-8") as log:
        traceback.print_exc(file=log)
    click.echo(
        say(
            f"程序自身出错（不是您的操作问题）。详情已写入 {Path(name)}，请发给维护人员。",
            f"wardround itself failed; that is our fault, not yours. Please send us {Path(name)}.",
        ),
        err=True,
    )
    return ExitCode.OWN_FAULT
