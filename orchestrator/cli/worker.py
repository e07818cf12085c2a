"""`wardround worker`: the one process that holds credentials and carries runs out."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import click

from orchestrator.cli import options
from orchestrator.cli.exit_code import ExitCode
from orchestrator.cli.language import say


@click.command(
    name="worker",
    help=say(
        "工作进程：执行排队的运行手册，直到收到 SIGTERM 或 Ctrl-C。\n\n"
        "正在主机上执行的命令不受影响，由下一个工作进程接回。\n\n"
        "  wardround worker --site /etc/wardround/xiayi",
        "A worker: carries out what is asked for, until SIGTERM or Ctrl-C. What runs on hosts goes on "
        "there, and the next worker asks it back.\n\n  wardround worker --site /etc/wardround/xiayi",
    ),
)
@options.site()
@click.option(
    "--name",
    metavar=say("名字", "NAME"),
    help=say("工作进程的名字；默认为本机名", "The worker's name; default: this machine's"),
)
def command(site: Path | None, name: str | None) -> int:
    from orchestrator.bootstrap import open_wardround
    from orchestrator.worker.start import make_worker
    from orchestrator.worker.worker import Worker

    worker = make_worker(open_wardround(site), name)
    worker.ready.add_done_callback(
        lambda ready: (
            None
            if ready.exception()
            else click.echo(
                say(
                    f"工作进程 {ready.result().executor} 已就绪", f"worker {ready.result().executor} is ready"
                ),
                err=True,
            )
        )
    )

    async def work(worker: Worker) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(number, worker.stop)
        await worker.work()

    asyncio.run(work(worker))
    return ExitCode.OK
