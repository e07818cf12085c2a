"""Bytes that are no UTF-8 text get one error that says what they are."""

from __future__ import annotations

import pytest

from tests.documents.reading import places, read


def test_a_byte_order_mark_and_windows_line_ends_are_accepted() -> None:
    assert read("\ufeff名称: 早巡检\r\nb: 2\r\n") == ({"名称": "早巡检", "b": 2}, [])


def test_places_count_characters_not_bytes() -> None:
    assert places(read("\ufeffa: 1\r\n名称: {早巡检: no}\r\n")[1]) == ["2:11 ambiguous-scalar"]


@pytest.mark.parametrize(
    ("data", "place", "says"),
    [
        ("- name: 早巡检\n".encode("gbk"), "1:9 encoding", "iconv -f GBK -t UTF-8"),
        ("a: 1\n# 检查数据卷，每天早上\n".encode("gb18030"), "2:3 encoding", "iconv -f GBK -t UTF-8"),
        ("名称: 值\n".encode("utf-16"), "1:1 encoding", "iconv -f UTF-16 -t UTF-8"),
        ("name: x\n".encode("utf-16-be"), "1:1 encoding", "iconv -f UTF-16 -t UTF-8"),
        (b"caf\xe9: 1\n", "1:4 encoding", "UTF-8"),
        (b"a: \xff\xfe\xfd\n", "1:4 encoding", "UTF-8"),
        (b"PK\x03\x04\x14\x00", "1:1 binary", "UTF-8"),
        (b"\x7fELF\x02\x01", "1:1 binary", "UTF-8"),
        (b"a: 1\nb: x\x00y\n", "2:5 binary", "UTF-8"),
        (b"$ANSIBLE_VAULT;1.1;AES256\n6162\n", "1:1 vaulted", "group_vars"),
        (b"a: \x1b[31mred\n", "1:4 control-character", "\\u"),
        (b"a: x\xe2\x80\xa8y\n", "1:5 control-character", "\\u"),
        ("command: ls \u202e mr\n".encode(), "1:13 control-character", "\\u"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_the_bytes_look_like_is_said(data: bytes, place: str, says: str) -> None:
    value, found = read(data)
    assert value is None
    assert places(found) == [place]
    assert found[0].hint is not None
    assert says in found[0].hint.zh


def test_a_file_over_a_mebibyte_is_refused_unread() -> None:
    assert places(read(b"a" * (1 << 20) + b"\xff")[1]) == ["1:1 too-large"]
