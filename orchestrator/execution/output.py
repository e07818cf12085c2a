"""What a command writes, on its way into files and to whoever follows: masked before it is stored."""

from __future__ import annotations

import codecs
from pathlib import Path
from urllib.parse import quote

from orchestrator.records.masking import Masker

TAIL = 8192
"""Characters of each stream that are kept with the outcome."""
_LINE = 16_384
"""Characters without a line's end that are held back: a secret that it cuts would be kept in two."""


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
        path.unlink(missing_ok=True)

    def take(self, data: bytes, *, last: bool = False) -> str:
        """Take what has come and keep it in the file; returns the masked text that is complete and news.

        Raises:
            OSError: the file can't be written.
        """
        self.size += len(data)
        text = self._rest + self._decoder.decode(data, last)
        cut = len(text) if last or len(text) > _LINE else text.rfind("\n") + 1
        text, self._rest = text[:cut], text[cut:]
        if not text:
            return ""
        masked = self._masker.mask(text)
        self.tail = (self.tail + masked)[-TAIL:]
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o750)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(masked)
        known, self._known = self._known, max(0, self._known - len(masked))
        return masked[known:]


def output_path(state: Path, run: int, host: str, task: str, number: int) -> Path:
    """Where the whole output of an attempt lies, without its suffix `.out` or `.err`."""
    return state / "runs" / str(run) / quote(host, safe="") / f"{quote(task, safe='')}-{number}"
