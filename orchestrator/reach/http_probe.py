"""One HTTP GET, as a browser of the ward would begin it."""

from __future__ import annotations

import asyncio
import http.client
import ssl
import time
from urllib.parse import urlsplit

from orchestrator.language import Text
from orchestrator.model.question import HttpAnswer, HttpProbe
from orchestrator.reach.network_error import explain

BODY_LIMIT = 64 * 1024


async def ask_http(probe: HttpProbe) -> HttpAnswer:
    """Ask in a thread: the library's client is synchronous, and its socket timeouts end the thread."""
    started = time.perf_counter()
    try:
        async with asyncio.timeout(probe.timeout + 1):
            return await asyncio.to_thread(_get, probe, started)
    except (OSError, ValueError) as failure:
        return _failed(explain(failure), started)
    except http.client.HTTPException as failure:
        words = str(failure) or type(failure).__name__
        return _failed(Text(f"应答不是有效的 HTTP：{words}", f"not a valid HTTP answer: {words}"), started)


def _get(probe: HttpProbe, started: float) -> HttpAnswer:
    parts = urlsplit(probe.url)
    connection = _connection(parts.scheme, parts.hostname or "", parts.port, probe)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        headers = {"User-Agent": "wardround", "Accept": "*/*", **dict(probe.headers)}
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        body = _body(response, started + probe.timeout)
        return HttpAnswer(
            status=response.status,
            body=body,
            headers={name.lower(): value for name, value in response.getheaders()},
            seconds=time.perf_counter() - started,
        )
    finally:
        connection.close()


def _connection(scheme: str, host: str, port: int | None, probe: HttpProbe) -> http.client.HTTPConnection:
    if scheme == "http":
        return http.client.HTTPConnection(host, port, timeout=probe.timeout)
    if scheme != "https":
        raise ValueError(f"{scheme!r} is no URL scheme for a probe; use http or https")
    context = ssl.create_default_context()
    if not probe.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return http.client.HTTPSConnection(host, port, timeout=probe.timeout, context=context)


def _body(response: http.client.HTTPResponse, deadline: float) -> bytes:
    """Read up to the limit. A server that drips bytes would otherwise renew the socket's timeout for ever."""
    chunks: list[bytes] = []
    size = 0
    while size < BODY_LIMIT:
        chunk = response.read1(BODY_LIMIT - size)
        if not chunk:
            break
        chunks.append(chunk)
        size += len(chunk)
        if time.perf_counter() > deadline:
            raise TimeoutError
    return b"".join(chunks)


def _failed(error: Text, started: float) -> HttpAnswer:
    return HttpAnswer(None, b"", {}, time.perf_counter() - started, error)
