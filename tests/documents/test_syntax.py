"""A YAML syntax error is answered with what its author probably did."""

from __future__ import annotations

import pytest

from tests.documents.reading import places, read


@pytest.mark.parametrize(
    ("text", "place", "says"),
    [
        ("a:\n\t- b\n", "2:1", "空格缩进"),
        ("a:\n  \t- b\n", "2:3", "空格缩进"),
        ("- name：早巡检\n  kind: inspection\n", "2:7", "全角冒号"),
        ("- name: x\n  kind：inspection\n  hosts: all\n", "2:3", "全角冒号"),
        ("a:　b\n  c: d\n", "2:4", "全角空格"),
        ("-name: x\n  kind: y\n", "2:7", "短横线后面"),
        ("key:value\nb: c\n", "2:2", "冒号后面"),
        ("name: 检查: 数据卷\n", "1:9", "值里含有冒号"),
        ("a: 'x\nb: c\n", "1:4", "补上引号"),
        ('a: "x\nb: c\n', "1:4", "补上引号"),
        ("a: [1, 2\nb: 3\n", "1:4", "补上 ]"),
        ("a: {b: 1,\n", "1:4", "补上 ]"),
        ("a: - b\n", "1:4", "下一行"),
        ("a: }\n", "1:4", "加引号"),
        ("warn: > 85\n", "1:9", '"> 85"'),
        ("warn: >= 85\n", "1:8", '"> 85"'),
        ("include: *.log\n", "1:11", "加引号"),
        ("x: %d\n", "1:4", "加引号"),
        ("x: @daily\n", "1:4", "加引号"),
        ('a: "\\d"\n', "1:5", "单引号"),
        ("- a\nb: c\n", "2:1", "缩进"),
        ("a:\n  b: c\n d: e\n", "3:2", "对齐"),
        ("a: 'x' y\n", "1:8", "引号后面"),
        ("include: [{{ a }}/x]\n", "1:10", '"{{ name }}"'),
        ("a: b\n  c: d\n", "2:4", "缩进"),
    ],
)
def test_the_likely_mistake_is_named(text: str, place: str, says: str) -> None:
    _, found = read(text)
    assert places(found)[-1] == f"{place} yaml-syntax"
    assert found[-1].hint is not None
    assert says in found[-1].hint.zh


def test_what_was_found_before_the_parser_stopped_is_kept() -> None:
    assert places(read("a: no\nb: [\n")[1]) == ["1:4 ambiguous-scalar", "2:4 yaml-syntax"]
