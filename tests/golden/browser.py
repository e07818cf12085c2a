"""A real browser, started once, that prints pages and tells what its console said of them."""

from __future__ import annotations

import base64
import json
import os
import select
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

DEADLINE = 90.0
_COMPLAINTS = ("Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown")
_QUIET = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--remote-debugging-pipe"),
)


@dataclass(frozen=True)
class Print:
    """A page on paper."""

    pdf: bytes
    complaints: list[str]


@contextmanager
def browser(program: str, profile: Path) -> Iterator[Browser]:
    """It listens on descriptor 3 and answers on 4: here its standard input and output."""
    swap = 'exec "$0" "$@" 3<&0 4>&1 </dev/null >/dev/null'
    process = subprocess.Popen(
        ["sh", "-c", swap, program, *_QUIET, f"--user-data-dir={profile}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield Browser(process.stdin, process.stdout)
    finally:
        process.terminate()
        process.wait(DEADLINE)
        process.stdin.close()
        process.stdout.close()


class Browser:
    """Speaks the DevTools protocol: messages of JSON, a zero byte after each."""

    def __init__(self, asks: IO[bytes], answers: IO[bytes]) -> None:
        self._asks = asks
        self._answers = answers
        self._number = 0
        self._read = b""

    def print(self, page: Path) -> Print:
        target = self._ask("Target.createTarget", url="about:blank")["targetId"]
        session = self._ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        heard: list[dict[str, Any]] = []
        for domain in ("Page", "Log", "Runtime"):
            self._ask(f"{domain}.enable", session, heard)
        self._ask("Page.navigate", session, heard, url=page.as_uri())
        while not any(one.get("method") == "Page.loadEventFired" for one in heard):
            heard.append(self._hear())
        made = self._ask("Page.printToPDF", session, heard, printBackground=True, preferCSSPageSize=True)
        self._ask("Target.closeTarget", targetId=target)
        complaints = [json.dumps(one["params"]) for one in heard if one.get("method") in _COMPLAINTS]
        return Print(base64.b64decode(made["data"]), complaints)

    def _ask(
        self, method: str, session: str = "", heard: list[dict[str, Any]] | None = None, **params: object
    ) -> dict[str, Any]:
        """The answer; what is heard before it is added to `heard`."""
        self._number += 1
        asked: dict[str, object] = {"id": self._number, "method": method, "params": params}
        if session:
            asked["sessionId"] = session
        self._asks.write(json.dumps(asked).encode() + b"\0")
        self._asks.flush()
        while True:
            message = self._hear()
            if message.get("id") == self._number:
                result: dict[str, Any] = message["result"]
                return result
            if heard is not None:
                heard.append(message)

    def _hear(self) -> dict[str, Any]:
        while b"\0" not in self._read:
            ready, _, _ = select.select([self._answers], [], [], DEADLINE)
            piece = os.read(self._answers.fileno(), 1 << 20) if ready else b""
            if not piece:
                raise TimeoutError("the browser says nothing more")
            self._read += piece
        first, _, self._read = self._read.partition(b"\0")
        message: dict[str, Any] = json.loads(first)
        return message
