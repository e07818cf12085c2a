"""A click group whose commands are imported when they are called: `wardround --help` stays under 150 ms."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import click

from orchestrator.cli.language import speak
from orchestrator.language import Text


@dataclass(frozen=True, slots=True)
class Entry:
    """One command: where it lies, and the line that the list of commands shows for it."""

    module: str
    help: Text
    attribute: str = "command"


class LazyGroup(click.Group):
    """Knows its commands by name and help line; imports one only to run it or to show its own help."""

    def __init__(self, *args: Any, entries: Mapping[str, Entry], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._entries = entries

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self._entries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        entry = self._entries.get(cmd_name)
        if entry is None:
            return None
        module = importlib.import_module(entry.module)  # noqa: TID251 - our own modules, from a fixed table
        command: click.Command = getattr(module, entry.attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.NoSuchCommand as error:
            # click looks for near names among the commands that are imported already: here, none.
            raise click.NoSuchCommand(error.command_name, possibilities=self._entries, ctx=ctx) from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        rows = [(name, speak(entry.help)) for name, entry in self._entries.items()]
        with formatter.section(speak(Text("命令", "Commands"))):
            formatter.write_dl(rows)
