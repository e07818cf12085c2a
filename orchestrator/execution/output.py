"""What a command writes, on its way into files and to whoever follows: masked before it is stored."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from orchestrator.records.fault import store_error
from orchestrator.records.masking import Masker

TAIL = 8192
"""Characters of each stream that are kept with the outcome."""
_LINE = 16_384
"""Characters of a line that has no end in sight which go at once."""
_NEAR = 4_096
"""Characters beyond that are held back, to see that no secret is cut in two."""
_STEP = 64


class Stream:
    """One of a command's two streams: bytes in, masked text out, whole lines at a time."""

    def __init__(self, masker: Masker, path: Path, told: int = 0) -> None:
        """`told` is how many characters of it whoever follows knows already: after a crash the host is asked
        for all of it again. The file begins anew."""
        self.size = 0
        """Bytes taken so far: from where the host is asked next."""
        self.tail = ""
        self._masker = masker
        self._path = path
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""
        self._known = told
        with _faults(path):
            path.unlink(missing_ok=True)

    def take(self, data: bytes, *, last: bool = False) -> str:
        """Take what has come and keep it in the file; returns the masked text that is complete and news.

        Raises:
            StoreError: the file can't be written.
        """
        self.size += len(data)
        self._rest += self._decoder.decode(data, last)
        masked = "".join(map(self._masker.mask, self._pieces(last=last)))
        if not masked:
            return ""
        self.tail = (self.tail + masked)[-TAIL:]
        with _faults(self._path):
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o750)
            with self._path.open("a", encoding="utf-8", newline="") as file:
                file.write(masked)
        known, self._known = self._known, max(0, self._known - len(masked))
        return masked[known:]

    def _pieces(self, *, last: bool) -> Iterator[str]:
        """Lines, and parts of those that are too long: cut at the same places however it comes, or what was
        told before a crash would not be the beginning of what is told after it."""
        *lines, rest = self._rest.split("\n")
        for line in lines:
            yield from self._parts(f"{line}\n", ended=True)
        kept = len(rest)
        for part in self._parts(rest, ended=last):
            kept -= len(part)
            yield part
        self._rest = rest[len(rest) - kept :]

    def _parts(self, line: str, *, ended: bool) -> Iterator[str]:
        begin = 0
        while len(line) - begin >= _LINE + _NEAR:
            cut = _LINE - _NEAR + self._cut(line[begin + _LINE - _NEAR : begin + _LINE + _NEAR])
            yield line[begin : begin + cut]
            begin += cut
        if ended and begin < len(line):
            yield line[begin:]

    def _cut(self, window: str) -> int:
        """Where masking the two parts is the same as masking the whole."""
        whole = self._masker.mask(window)
        for cut in range(_NEAR, 0, -_STEP):
            if self._masker.mask(window[:cut]) + self._masker.mask(window[cut:]) == whole:
                return cut
        return len(window)


@contextmanager
def _faults(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise store_error(error, path) from error


def output_path(state: Path, run: int, host: str, task: str, number: int) -> Path:
    """Where the whole output of an attempt lies, without its suffix `.out` or `.err`."""
    return state / "runs" / str(run) / quote(host, safe="") / f"{quote(task, safe='')}-{number}"
