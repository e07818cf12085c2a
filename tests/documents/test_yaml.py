"""The strict reader accepts one reading of a text, or says why there are two."""

from __future__ import annotations

import pytest

from tests.documents.reading import hint, places, read


def test_a_plain_document_is_read_as_written() -> None:
    value, found = read('名称: "早巡检"\nlist: [1, 2.5, true, ~, text]\nblock: |\n  a\n  b\n')
    assert found == []
    assert value == {"名称": "早巡检", "list": [1, 2.5, True, None, "text"], "block": "a\nb\n"}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("-12", -12),
        ("+7", 7),
        ("0x1f", 31),
        ("1.5", 1.5),
        ("1.5e+3", 1500.0),
        (".5", 0.5),
        ("5.", 5.0),
        ("true", True),
        ("FALSE", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("10.0.0.1", "10.0.0.1"),
        ("1.2.3", "1.2.3"),
        ("8080:80", "8080:80"),
        ("2026-11-24 巡检", "2026-11-24 巡检"),
        ("_", "_"),
        ("inf", "inf"),
        ("Yes, please", "Yes, please"),
        ("< 85", "< 85"),
    ],
)
def test_what_every_reader_of_yaml_reads_alike_is_read(text: str, value: object) -> None:
    assert read(f"a: {text}\n") == ({"a": value}, [])


@pytest.mark.parametrize(
    "text",
    [
        *("yes", "Yes", "NO", "n", "Y", "on", "OFF"),
        *("0644", "-010", "08", "0o17", "0b101", "0x_f", "-0x1f"),
        *("22:30", "06:30", "1:2:3", "1:30.5", "2026-11-24", "2026-1-2"),
        *("1_000", "1_0.5", "1e3", "1.0e3", "-.5", ".inf", "-.INF", ".NaN", "="),
    ],
)
def test_what_they_read_differently_is_refused_and_the_quotes_are_shown(text: str) -> None:
    _, found = read(f"a: {text}\n")
    assert places(found) == ["1:4 ambiguous-scalar"]
    assert f'"{text}"' in hint(found)
    assert read(f'a: "{text}"\n') == ({"a": text}, [])


@pytest.mark.parametrize(
    "text", ["2026-11-24 10:00:00", "2026-11-24T10:00:00Z", "2026-11-24 10:00:00.5 +08:00"]
)
def test_a_time_is_refused_like_a_date(text: str) -> None:
    assert places(read(f"a: {text}\n")[1]) == ["1:4 ambiguous-scalar"]


def test_a_number_too_long_to_be_exact_is_refused() -> None:
    assert places(read("a: 12345678901234567890\nb: 1.0e+999\n")[1]) == [
        "1:4 ambiguous-scalar",
        "2:4 ambiguous-scalar",
    ]


def test_all_faults_of_a_file_are_found_at_once() -> None:
    _, found = read("a: 1\na: 2\n1: x\n<<: {}\nb: !x y\nc: &d e\nf: *d\n? [k]\n: v\nno: g\n")
    assert places(found) == [
        "2:1 duplicate-key",
        "3:1 non-string-key",
        "4:1 merge-key",
        "5:4 tag",
        "6:4 alias",
        "7:4 alias",
        "8:3 non-string-key",
        "10:1 ambiguous-scalar",
    ]


def test_a_duplicate_key_names_the_line_of_the_first() -> None:
    assert "第 1 行" in hint(read("名称: 1\nb: 2\n名称: 3\n")[1])


def test_an_unquoted_template_is_told_to_take_quotes() -> None:
    assert '"{{ name }}"' in hint(read("a: {{ x }}\n")[1])


def test_an_unquoted_comparison_with_a_word_is_told_to_take_quotes() -> None:
    assert '"!= active"' in hint(read("crit: != active\n")[1])


def test_a_vaulted_value_is_sent_to_the_inventory() -> None:
    assert "group_vars" in hint(read("a: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  6162\n")[1])


@pytest.mark.parametrize("text", ["a\n---\nb\n", "a: 1\n...\n---\nb: 2\n"])
def test_a_second_document_is_refused(text: str) -> None:
    assert [found.rule for found in read(text)[1]] == ["second-document"]


def test_a_directive_is_refused() -> None:
    assert places(read("%YAML 1.1\n---\na: 1\n")[1]) == ["1:1 directive"]


def test_forty_levels_are_allowed_and_no_more() -> None:
    assert read("[" * 40 + "]" * 40)[1] == []
    assert places(read("[" * 41 + "]" * 41)[1]) == ["1:41 too-deep"]


@pytest.mark.parametrize("text", ["[" * 500_000, "{a: " * 200_000, "- " * 400_000])
def test_absurd_nesting_ends_with_one_error(text: str) -> None:
    assert [found.rule for found in read(text)[1]] == ["too-deep"]


def test_absurd_nesting_of_keys_ends_too() -> None:
    assert read("? " * 400_000)[1][-1].rule == "too-deep"


def test_more_values_than_a_document_can_mean_are_refused() -> None:
    assert [found.rule for found in read("[" + "1," * 100_001 + "]")[1]] == ["too-large"]


def test_a_file_full_of_errors_stops_at_a_hundred() -> None:
    _, found = read("- no\n" * 5_000)
    assert len(found) == 101
    assert found[-1].rule == "too-many-errors"


@pytest.mark.parametrize("escape", [r"\0", r"\ud800", r"a\x00b"])
def test_an_escape_that_no_text_may_hold_is_refused(escape: str) -> None:
    assert len(read(f'a: "{escape}"\n')[1]) == 1


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing\n", "---\n", "---\n# nothing\n", "~\n"])
def test_a_file_without_content_has_no_value_and_no_error(text: str) -> None:
    assert read(text) == (None, [])
