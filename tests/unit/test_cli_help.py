"""Help that teaches, in the user's language, and a reference that leaves nothing out."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from orchestrator.cli import main, phrases
from orchestrator.cli.language import choose_language

REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "cli.md"
LEAVES = [
    "round run",
    "round list",
    "round show",
    "round compare",
    "round calendar",
    "run start",
    "run list",
    "run show",
    "run follow",
    "run cancel",
    "run rule",
    "run resume",
    "run retry",
    "worker",
    "trend",
    "schedule next",
    "schedule list",
    "schedule show",
    "schedule pause",
    "schedule resume",
    "schedule answer",
    "report",
    "finding list",
    "finding show",
    "finding assign",
    "finding note",
    "finding recheck",
    "finding close",
    "waiver add",
    "waiver list",
    "waiver expire",
    "runbook list",
    "runbook show",
    "runbook plan",
    "runbook accept",
    "audit verify",
    "audit head",
    "audit list",
    "audit restart",
    "audit seal",
    "db check",
    "db backup",
    "db backups",
    "db restore",
    "db tidy",
    "doctor",
    "lint",
    "schema",
    "hosts list",
    "hosts ping",
    "hosts trust",
    "login",
    "logout",
    "whoami",
    "user setup",
    "user add",
    "user list",
    "user show",
    "user block",
    "user unblock",
    "user password",
    "user reset-password",
    "user reset-totp",
    "user role",
    "user grant",
    "user revoke",
    "user authorisations",
    "init",
    "demo up",
    "demo down",
    "demo run",
    "completion",
]


@pytest.fixture(autouse=True)
def _chinese(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Commands keep the language in which they were imported, as in the one process of a command line."""
    monkeypatch.delenv("WARDROUND_LANG", raising=False)
    for entry in main.COMMANDS.values():
        monkeypatch.delitem(sys.modules, entry.module, raising=False)
    choose_language([])
    phrases.teach_click()
    yield
    choose_language([])


def _help(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main.run([*arguments, "--help"]) == 0
    return capsys.readouterr().out


def _commands(group: click.Group, *above: str) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from _commands(command, *above, name)
        elif command is not None:
            yield " ".join((*above, name)), command


def _all_commands() -> dict[str, click.Command]:
    return dict(_commands(main._group()))


def test_the_commands_are_those_that_the_tests_of_help_ask_for() -> None:
    assert sorted(_all_commands()) == sorted(LEAVES)


@pytest.mark.parametrize("name", LEAVES)
def test_every_commands_help_shows_how_it_is_typed(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = _help(capsys, *name.split())
    examples = [line for line in text.splitlines() if f"wardround {name}" in line and "[OPTIONS]" not in line]
    assert examples, text


@pytest.mark.parametrize("arguments", [[], ["round"], ["round", "list"]])
def test_help_is_chinese_down_to_its_headings(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    text = _help(capsys, *arguments)
    assert "用法:" in text
    assert "选项:" in text
    for english in ("Usage", "Options:", "Commands:", "Show this message", "default:"):
        assert english not in text


def test_help_is_english_on_request(capsys: pytest.CaptureFixture[str]) -> None:
    text = _help(capsys, "--lang", "en")
    assert text.startswith("Usage: ")
    assert "Commands:" in text
    assert "Exit codes:" in text
    assert "Show this message and exit." in text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["fnding"], "错误：没有 'fnding' 这个命令。 是否指 'finding'？"),
        (["round", "run"], "错误：缺少参数 'NAME'"),
        (["round", "run", "x", "--nothing"], "错误：没有 '--nothing' 这个选项。"),
        (["round", "run", "x", "-l"], "错误：选项 '-l' 后面要有值。"),
        (["round", "list", "--last", "0"], "错误：'--last' 的值无效：0 超出范围 1<=x<=10000。"),
        (["round", "list", "--last", "many"], "错误：'--last' 的值无效：'many' 不是有效的数字。"),
        (["round", "show", "1", "2"], "错误：多余的参数（2）"),
        (["completion", "tcsh"], "'tcsh' 不可用，可选：'bash', 'zsh', 'fish'。"),
        (["lint", "/nowhere.yml"], "路径 '/nowhere.yml' 不存在。"),
        (["runbook", "accept", "x"], "错误：缺少选项 '--reason'"),
    ],
)
def test_an_error_in_the_command_line_is_said_in_chinese(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.run(arguments) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert said in told.err


def test_every_phrase_that_we_translate_is_one_that_click_says() -> None:
    """A new click that words something anew would otherwise fall back to English unseen."""
    sources = "".join(inspect.getsource(module) for module in phrases._SPEAKERS)
    said = sources.replace("\\n", "\n").replace("\\t", "\t")
    assert [phrase for phrase in phrases.PHRASES if phrase not in said] == []


def test_the_reference_names_every_command_and_every_option() -> None:
    reference = REFERENCE.read_text(encoding="utf-8")
    for name, command in _all_commands().items():
        if not name.startswith("demo "):
            assert f"## wardround {name}" in reference, name
        for option in (item for item in command.params if isinstance(item, click.Option)):
            for word in option.opts:
                assert f"`{word}" in reference, f"{name} {word}"


def test_the_reference_names_no_option_that_is_not_there() -> None:
    words = {word for command in _all_commands().values() for item in command.params for word in item.opts}
    words |= {word for item in main._group().params for word in item.opts} | {"--help", "-h"}
    named = {
        part.strip("`").split()[0]
        for line in REFERENCE.read_text(encoding="utf-8").splitlines()
        if line.startswith("| `-")
        for part in line.split("|")[1].strip().split(", ")
    }
    assert named - words == set()


@pytest.mark.parametrize(("language", "word"), [("zh", "伪造"), ("en", "forged")])
def test_the_help_of_verifying_the_log_tells_that_forged_rows_are_named(
    language: str, word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert word in _help(capsys, "--lang", language, "audit", "verify")
