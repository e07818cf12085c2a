"""What a command writes: masked whatever the pieces are in which it comes, and told without gap or repeat."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.errors import StoreError
from orchestrator.execution.output import TAIL, Stream
from orchestrator.model.secret import Secret
from orchestrator.records.masking import Masker

SECRET = "correct-horse-battery"
MASKER = Masker([Secret(SECRET)], b"salt")
LONG = 20_000

parts = st.lists(
    st.sampled_from(
        [b"plain ", b"\n", SECRET.encode(), "中文".encode(), b"\xff\0", b"password=hunter22 ", b"x" * LONG]
    ),
    max_size=12,
)


def pieces(data: bytes, cuts: Sequence[int]) -> list[bytes]:
    places = sorted({cut % (len(data) + 1) for cut in cuts})
    return [data[start:end] for start, end in zip([0, *places], [*places, len(data)], strict=True)]


def taken(folder: Path, given: Sequence[bytes], told: int = 0) -> tuple[str, str, str]:
    """What is told, what the file has, and the tail."""
    path = folder / "one.out"
    stream = Stream(MASKER, path, told)
    news = "".join(
        stream.take(piece, last=number == len(given)) for number, piece in enumerate(given, start=1)
    )
    return news, path.read_text() if path.exists() else "", stream.tail


@settings(max_examples=60)
@given(parts, st.lists(st.integers(0, 10**6), max_size=6), st.integers(0, 200_000))
def test_the_pieces_make_no_difference_and_no_secret_stays(
    parts: list[bytes], cuts: list[int], told: int
) -> None:
    data = b"".join(parts)
    with tempfile.TemporaryDirectory() as folder:
        whole = taken(Path(folder), [data])
        assert taken(Path(folder), pieces(data, cuts)) == whole
        assert SECRET not in whole[1]
        assert whole == (whole[1], whole[1], whole[1][-TAIL:])
        # After a crash it comes again from the beginning: what was told is not told twice.
        assert taken(Path(folder), pieces(data, cuts), told)[0] == whole[0][told:]


@pytest.mark.parametrize("before", [*range(16_384 - len(SECRET), 16_385, 3), LONG, 16_384 + 4_096 - 5])
@pytest.mark.parametrize("cut", [5, 10])
def test_a_secret_in_a_line_without_an_end_is_not_cut_in_two(tmp_path: Path, before: int, cut: int) -> None:
    secret = SECRET.encode()
    _, kept, _ = taken(tmp_path, [b"x" * before + secret[:cut], secret[cut:] + b"y" * 3 * LONG])
    assert SECRET[:8] not in kept
    assert SECRET[-8:] not in kept
    assert kept.startswith("x" * before)


def test_what_cannot_be_kept_is_an_error_of_the_store(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("a file where a folder has to be")
    with pytest.raises(StoreError, match="runs"):
        Stream(MASKER, tmp_path / "runs" / "1.out").take(b"a line\n")
