"""Compiled templates, kept beside them as Python keeps its own: compiling costs more than rendering."""

from __future__ import annotations

import hashlib
import marshal
import os
import sys
import tempfile
from contextlib import suppress
from functools import cached_property
from importlib.util import MAGIC_NUMBER, cache_from_source
from pathlib import Path

import jinja2
from jinja2.bccache import Bucket, BytecodeCache


class CompiledTemplates(BytecodeCache):
    """The code of templates, in the `__pycache__` of their folder.

    Whoever may write there may change our own `.pyc` files as well. Where we may not, templates are compiled
    in each process.
    """

    def __init__(self, templates: Path, code: Path) -> None:
        """`code` is the folder of the Python that templates are compiled with: a constant may go through its
        filters there and then."""
        self._folder = Path(cache_from_source(str(templates / "template.py"))).parent
        self._code = code

    def load_bytecode(self, bucket: Bucket) -> None:
        with suppress(OSError, ValueError, EOFError, TypeError):
            content = self._place(bucket).read_bytes()
            mark = self._mark(bucket)
            if content.startswith(mark):
                bucket.code = marshal.loads(content[len(mark) :])  # noqa: S302 - as Python reads its .pyc

    def dump_bytecode(self, bucket: Bucket) -> None:
        if sys.dont_write_bytecode or bucket.code is None:
            return
        with suppress(OSError):
            self._folder.mkdir(exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self._folder, prefix=".template-")
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(self._mark(bucket) + marshal.dumps(bucket.code))
                Path(name).chmod(0o644)  # mkstemp's own would shut out the other accounts
                Path(name).replace(self._place(bucket))
            except BaseException:
                Path(name).unlink(missing_ok=True)
                raise

    def _place(self, bucket: Bucket) -> Path:
        return self._folder / f"{bucket.key}.{sys.implementation.cache_tag}.template"

    def _mark(self, bucket: Bucket) -> bytes:
        """What the code was made from, and with."""
        return hashlib.sha256(self._maker + bucket.checksum.encode()).digest()

    @cached_property
    def _maker(self) -> bytes:
        made = hashlib.sha256(MAGIC_NUMBER + jinja2.__version__.encode())
        for path in sorted(self._code.glob("*.py")):
            made.update(path.read_bytes())
        return made.digest()
