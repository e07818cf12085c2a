"""`wardround completion`: the script that lets a shell complete our commands."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from orchestrator.cli.exit_code import ExitCode
from orchestrator.cli.language import say


@click.command(
    name="completion",
    help=say(
        "输出补全脚本。\n\n"
        '  bash：eval "$(wardround completion bash)"\n\n'
        '  zsh： eval "$(wardround completion zsh)"\n\n'
        "  fish：wardround completion fish | source",
        "Print a completion script.\n\n"
        '  bash: eval "$(wardround completion bash)"\n\n'
        '  zsh:  eval "$(wardround completion zsh)"\n\n'
        "  fish: wardround completion fish | source",
    ),
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(context: click.Context, shell: str) -> int:
    form = get_completion_class(shell)
    if form is None:
        raise click.UsageError(say(f"不支持 {shell}", f"{shell} is not supported"))
    click.echo(form(context.find_root().command, {}, "wardround", "_WARDROUND_COMPLETE").source())
    return ExitCode.OK
