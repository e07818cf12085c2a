"""`wardround worker`: the one process that holds credentials and carries runs out."""

from __future__ import annotations

import asyncio
import os
import signal
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestrator.cli import options
from orchestrator.cli.exit_code import ExitCode
from orchestrator.cli.language import say, speak
from orchestrator.errors import Fenced

if TYPE_CHECKING:
    from orchestrator.model.lease import Lease
    from orchestrator.worker.service_manager import ServiceManager
    from orchestrator.worker.worker import Worker


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
    from orchestrator.worker.service_manager import ServiceManager
    from orchestrator.worker.start import make_worker

    manager = ServiceManager.of(os.environ)
    try:
        asyncio.run(_work(make_worker(open_wardround(site), name), manager))
    except Fenced as error:
        click.echo(speak(error.message), err=True)
        # At once: a thread that was frozen in the middle of something must not go on with it.
        os._exit(ExitCode.OWN_FAULT)
    return ExitCode.OK


async def _work(worker: Worker, manager: ServiceManager) -> None:
    def tell_ready(ready: Future[Lease]) -> None:
        if ready.cancelled() or ready.exception():
            return
        executor = ready.result().executor
        said = say(f"工作进程 {executor} 已就绪", f"worker {executor} is ready")
        click.echo(said, err=True)
        manager.ready(said)

    def stop() -> None:
        manager.stopping(say("正在退出", "ending"))
        worker.stop()

    worker.ready.add_done_callback(tell_ready)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, stop)
    life = asyncio.create_task(manager.show_life())
    try:
        await worker.work()
    finally:
        life.cancel()
