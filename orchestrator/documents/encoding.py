"""Bytes to text: UTF-8 alone, and a clear word on what the bytes look like otherwise."""

from __future__ import annotations

import re

from orchestrator.documents.findings import Findings
from orchestrator.errors import Position
from orchestrator.language import Text

SIZE_LIMIT = 1 << 20

_UTF8_BOM = b"\xef\xbb\xbf"
_WIDE_BOMS = (b"\xff\xfe", b"\xfe\xff")
_BINARY = {
    b"PK\x03\x04": "Excel/Word/zip",
    b"\xd0\xcf\x11\xe0": "Excel/Word 97-2003",
    b"%PDF": "PDF",
    b"\x1f\x8b": "gzip",
    b"\x7fELF": "ELF",
    b"\x89PNG": "PNG",
    b"SQLite format 3": "SQLite",
}
_VAULT = b"$ANSIBLE_VAULT"

# Beyond YAML's own set: line separators that YAML 1.1 and 1.2 count differently, and the controls that make a
# text look otherwise than it runs. Who approves a command must see the command.
_FORBIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]"
)


def decode(data: bytes, findings: Findings) -> str | None:
    """The text of a document, or None with one finding that says what it is instead."""
    start = Position(findings.path)
    if len(data) > SIZE_LIMIT:
        _refuse_size(len(data), findings)
        return None
    data = data.removeprefix(_UTF8_BOM)
    if data.startswith(_VAULT):
        findings.add(
            start,
            "vaulted",
            Text("文件被 ansible-vault 加密", "the file is encrypted by ansible-vault"),
            Text(
                "运行手册等文档须为明文；密码放进清单的 group_vars 并加密",
                "documents are plain; put secrets into the inventory's group_vars and encrypt those",
            ),
        )
        return None
    if _looks_wide(data):
        findings.add(
            start,
            "encoding",
            Text("文件是 UTF-16 编码，须为 UTF-8", "the file is UTF-16; it must be UTF-8"),
            _convert("UTF-16"),
        )
        return None
    for magic, name in _BINARY.items():
        if data.startswith(magic):
            _refuse_binary(start, name, findings)
            return None
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        _refuse_encoding(data, error.start, findings)
        return None
    return _visible(text, findings)


def _visible(text: str, findings: Findings) -> str | None:
    """`text`, unless it holds characters that nobody sees."""
    match = _FORBIDDEN.search(text)
    if match is None:
        return text
    position = _position(findings.path, text[: match.start()])
    if match[0] == "\0":
        _refuse_binary(position, "", findings)
        return None
    code = f"U+{ord(match[0]):04X}"
    findings.add(
        position,
        "control-character",
        Text(f"含有不可见的控制字符 {code}", f"there is an invisible control character {code}"),
        Text(
            "删去它；确实需要时写在双引号里的 \\u 转义",
            "delete it; where it is meant, write it as a \\u escape within double quotes",
        ),
    )
    return None


def _looks_wide(data: bytes) -> bool:
    if data.startswith(_WIDE_BOMS):
        return True
    # Without a mark: Latin letters in UTF-16 leave every other byte zero.
    head = data[:400]
    zeros = max(head[0::2].count(0), head[1::2].count(0))
    return len(head) >= 4 and zeros >= len(head) * 0.3 and head.count(0) < len(head) * 0.6


def _refuse_size(size: int, findings: Findings) -> None:
    findings.add(
        Position(findings.path),
        "too-large",
        Text(
            f"文件有 {size} 字节，上限 {SIZE_LIMIT}", f"the file has {size} bytes; {SIZE_LIMIT} are allowed"
        ),
        Text("拆成几个文件", "split it into several files"),
    )


def _refuse_binary(position: Position, kind: str, findings: Findings) -> None:
    looks = Text(f"（像是 {kind}）", f" (it looks like {kind})") if kind else Text("", "")
    findings.add(
        position,
        "binary",
        Text(f"这不是文本文件{looks.zh}", f"this is no text file{looks.en}"),
        Text("须为 UTF-8 编码的 YAML 文本", "a document is YAML text in UTF-8"),
    )


def _refuse_encoding(data: bytes, offset: int, findings: Findings) -> None:
    position = _position(findings.path, data[:offset].decode())
    if _looks_chinese(data):
        message = Text("文件像是 GBK 编码，须为 UTF-8", "the file looks like GBK; it must be UTF-8")
        findings.add(position, "encoding", message, _convert("GBK"))
        return
    findings.add(
        position,
        "encoding",
        Text(
            f"第 {offset + 1} 个字节 0x{data[offset]:02x} 不是 UTF-8",
            f"byte {offset + 1}, 0x{data[offset]:02x}, is not UTF-8",
        ),
        Text("用编辑器另存为 UTF-8", "save it as UTF-8 in the editor"),
    )


def _looks_chinese(data: bytes) -> bool:
    try:
        text = data.decode("gb18030")
    except UnicodeDecodeError:
        return False
    foreign = [char for char in text if ord(char) > 127]
    chinese = [char for char in foreign if "\u3000" <= char <= "\u9fff" or "\uff00" <= char <= "\uffef"]
    return len(chinese) >= len(foreign) * 0.8


def _convert(encoding: str) -> Text:
    command = f"iconv -f {encoding} -t UTF-8 OLD.yml > NEW.yml"
    return Text(f"转换：{command}", f"convert it: {command}")


def _position(path: str, before: str) -> Position:
    lines = re.split("\r\n|\n|\r", before)
    return Position(path, len(lines), len(lines[-1]) + 1)
