"""Says in plain words what a YAML syntax error probably is."""

from __future__ import annotations

import re

import yaml

from orchestrator.errors import Diagnostic, Position
from orchestrator.language import Text

_KEY = r"^\s*(?:-\s+)?[\w.\-“”\"' ]+"
# A guess for a line of text. The first that fits is given; the order is from the sure to the vague.
_LINE_HINTS = (
    (
        re.compile(_KEY + "："),
        Text(
            "键后面是全角冒号“：”，改成半角冒号加空格 “: ”",
            "a full-width colon '：' follows the key; write ': '",
        ),
    ),
    (
        re.compile("^[ \t]*[\u3000\u00a0]|:[\u3000\u00a0]"),
        Text(
            "有全角空格或不间断空格，改成普通空格",
            "there is a full-width or non-breaking space; use plain spaces",
        ),
    ),
    (
        re.compile(r"(?:^|[:\-,\[])\s*\{\{"),
        Text('模板要加引号："{{ name }}"', 'a template needs quotes: "{{ name }}"'),
    ),
    (
        re.compile(r"[\w-]+:\s*>=?\s*\S"),
        Text('以 > 开头的值要加引号："> 85"', 'quote a value that begins with >: "> 85"'),
    ),
    (
        re.compile(r"^\s*-(?=[A-Za-z_]+:\s)"),
        Text("短横线后面要有空格：“- name:”", "put a space after the dash: '- name:'"),
    ),
    (
        re.compile(r"^\s*(?:-\s+)?[A-Za-z_][\w-]*:[^\s/\\]"),
        Text("冒号后面要有空格：“key: value”", "put a space after the colon: 'key: value'"),
    ),
    (
        re.compile(r"^\s*(?:-\s+)?[^\s'\"#\[{][^:]*:\s+[^\s'\"#\[{|>].*:(?:\s|$)"),
        Text("值里含有冒号，给整个值加引号", "the value holds a colon; quote the whole value"),
    ),
)
_PROBLEMS = (
    (
        "unexpected end of stream",
        Text("引号没有闭合", "a quote is never closed"),
        Text("在文字末尾补上引号", "close it at the end of the text"),
    ),
    (
        "expected ',' or",
        Text("括号没有闭合或缺逗号", "a bracket is not closed, or a comma is missing"),
        Text("补上 ] 或 } 或逗号", "add the ] or } or comma"),
    ),
    (
        "alphabetic or numeric character",
        Text("* 与 & 开头表示别名，这里不支持", "* and & begin an alias, which is not supported"),
        Text("要文字就给整个值加引号", "quote the whole value where text is meant"),
    ),
    (
        "unknown escape character",
        Text("双引号里的反斜杠转义无效", "an invalid backslash escape within double quotes"),
        Text("改用单引号，或写成两个反斜杠", "use single quotes, or double the backslash"),
    ),
    (
        "cannot start any token",
        Text("值不能以这个字符开头", "a value can't begin with this character"),
        Text("给整个值加引号", "quote the whole value"),
    ),
    (
        "mapping values are not allowed",
        Text("这里不能出现“键: 值”", "a 'key: value' can't stand here"),
        Text(
            "检查上一行与这一行的缩进，含冒号的值要加引号",
            "check the indentation of this line and the one above; quote a value that holds a colon",
        ),
    ),
    (
        "expected '-' indicator",
        Text(
            "列表中间出现了不是 “- ” 开头的行", "within a list there is a line that does not begin with '- '"
        ),
        Text("检查这一行的缩进", "check the indentation of this line"),
    ),
    (
        "expected key",
        Text("这里应当是一个键，缩进或引号不对", "a key should stand here; indentation or quotes are off"),
        Text(
            "同级的键要对齐；引号后面不能再有文字",
            "keys of one level are aligned; nothing follows a closing quote",
        ),
    ),
    (
        "node content",
        Text("这里少了一个值", "a value is missing here"),
        Text("值以符号开头时加引号", "quote a value that begins with a sign"),
    ),
    (
        "block sequence entries are not allowed",
        Text("“- ” 不能与键写在同一行", "a '- ' can't stand in the line of its key"),
        Text("列表从下一行开始", "begin the list in the next line"),
    ),
    (
        "expected ':'",
        Text("这一行缺少冒号", "a colon is missing in this line"),
        Text("写成 “键: 值”", "write 'key: value'"),
    ),
    (
        "expected comment or line break",
        Text("> 或 | 后面不能直接写内容", "nothing may follow > or | in the same line"),
        Text('要文字就加引号："> 85"', 'quote it where text is meant: "> 85"'),
    ),
)
_UNENDED = ("end of stream", "expected ',' or", "expected ':'")
_OPEN = (
    Text("括号没有闭合，或少了一个值", "a bracket is not closed, or a value is missing"),
    Text("补上 ] 或 }；值以符号开头时加引号", "add the ] or }; quote a value that begins with a sign"),
)
_TAB = (
    Text("用制表符（Tab）缩进", "tabs are used for indentation"),
    Text("YAML 只能用空格缩进", "YAML is indented with spaces alone"),
)


def explain(path: str, text: str, error: yaml.YAMLError, opened: Position | None) -> Diagnostic:
    """One diagnostic for what stopped the parser; `opened` is where the innermost list or mapping began."""
    lines = re.split("\r\n|\n|\r", text)
    problem = str(getattr(error, "problem", None) or error)
    context = str(getattr(error, "context", None))
    if opened is not None and "flow node" in context and "node content" in problem:
        return Diagnostic(opened, "yaml-syntax", *_OPEN)
    mark = _mark(error, problem)
    line, column = (mark.line, mark.column) if mark is not None else (0, 0)
    line = min(line, len(lines) - 1)
    column = min(column, len(lines[line]))
    position = Position(path, line + 1, column + 1)
    if lines[line][: column + 1].lstrip(" ").startswith("\t"):
        return Diagnostic(position, "yaml-syntax", *_TAB)
    message, hint = _words(problem)
    return Diagnostic(position, "yaml-syntax", message, _guess(lines, line) or hint)


def _mark(error: yaml.YAMLError, problem: str) -> yaml.Mark | None:
    """Where to look: for what lacks its end, where it began."""
    began: yaml.Mark | None = getattr(error, "context_mark", None)
    stopped: yaml.Mark | None = getattr(error, "problem_mark", None)
    if began is not None and any(part in problem for part in _UNENDED):
        return began
    return stopped or began


def _words(problem: str) -> tuple[Text, Text | None]:
    for part, message, hint in _PROBLEMS:
        if part in problem:
            return message, hint
    return Text(f"YAML 语法错误：{problem}", f"YAML syntax error: {problem}"), None


def _guess(lines: list[str], line: int) -> Text | None:
    """The likely mistake in this line, or in the one above, where it began."""
    above = next((number for number in range(line - 1, -1, -1) if lines[number].strip()), line)
    for pattern, hint in _LINE_HINTS:
        if any(pattern.search(lines[number][:500]) for number in (line, above)):
            return hint
    return None
