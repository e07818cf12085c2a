"""Probes answer truthfully against real servers, and failures are answers too."""

from __future__ import annotations

import asyncio
import datetime as dt
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from orchestrator.model.question import (
    HttpAnswer,
    HttpProbe,
    SqlAnswer,
    SqlProbe,
    TcpAnswer,
    TcpProbe,
    TlsAnswer,
    TlsProbe,
)
from orchestrator.reach.prober import Prober
from tests.postgres import PASSWORD, running_postgres

NOW = dt.datetime(2026, 11, 24, 7, 0, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    with running_postgres() as url:
        yield url


@pytest.fixture
async def prober() -> AsyncIterator[Prober]:
    prober = Prober()
    yield prober
    await prober.close()


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A server that accepts and never says a word."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


@pytest.fixture
def closed_port() -> int:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        port: int = server.getsockname()[1]
        return port


def certificate(folder: Path, not_before: dt.datetime, not_after: dt.datetime) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "his.example")])
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(not_before)
        .not_valid_after(not_after)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("his.example")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + built.public_bytes(serialization.Encoding.PEM)
    )
    return path


async def http_server(answer: bytes, tls: ssl.SSLContext | None = None) -> asyncio.Server:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()

    return await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)


def port_of(server: asyncio.Server) -> int:
    port: int = server.sockets[0].getsockname()[1]
    return port


async def test_an_open_port_is_connected_and_a_closed_one_says_why(
    prober: Prober, silent_port: int, closed_port: int
) -> None:
    opened = await prober.ask(TcpProbe("127.0.0.1", silent_port))
    closed = await prober.ask(TcpProbe("127.0.0.1", closed_port))
    assert isinstance(opened, TcpAnswer)
    assert isinstance(closed, TcpAnswer)
    assert opened.connected
    assert not closed.connected
    assert closed.error is not None
    assert "refused" in closed.error.en


async def test_a_web_page_gives_its_status_body_and_headers(prober: Prober) -> None:
    server = await http_server(b"HTTP/1.1 503 Busy\r\nX-Node: app1\r\nContent-Length: 4\r\n\r\nbusy")
    async with server:
        answer = await prober.ask(HttpProbe(f"http://127.0.0.1:{port_of(server)}/health"))
    assert isinstance(answer, HttpAnswer)
    assert (answer.status, answer.body, answer.headers["x-node"]) == (503, b"busy", "app1")


@pytest.mark.parametrize("url", ["http://127.0.0.1:{port}/", "https://127.0.0.1:{port}/"])
async def test_a_server_that_says_nothing_times_out(prober: Prober, silent_port: int, url: str) -> None:
    answer = await prober.ask(HttpProbe(url.format(port=silent_port), timeout=0.3))
    assert isinstance(answer, HttpAnswer)
    assert answer.status is None
    assert answer.error is not None
    assert "timed out" in answer.error.en


async def test_an_answer_that_is_not_http_is_an_error(prober: Prober) -> None:
    async with await http_server(b"SSH-2.0-OpenSSH\r\n") as server:
        answer = await prober.ask(HttpProbe(f"http://127.0.0.1:{port_of(server)}/"))
    assert isinstance(answer, HttpAnswer)
    assert answer.status is None
    assert answer.error is not None


async def test_a_certificate_is_read_even_when_it_has_expired(prober: Prober, tmp_path: Path) -> None:
    expired = NOW - dt.timedelta(days=3)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate(tmp_path, NOW - dt.timedelta(days=90), expired))
    async with await http_server(b"", context) as server:
        answer = await prober.ask(TlsProbe("127.0.0.1", port_of(server), "his.example"))
        page = await prober.ask(HttpProbe(f"https://127.0.0.1:{port_of(server)}/"))
    assert isinstance(answer, TlsAnswer)
    assert answer.not_after == expired
    assert answer.names == ("his.example",)
    assert isinstance(page, HttpAnswer)
    assert page.error is not None
    assert "certificate" in page.error.en


async def test_a_port_without_tls_gives_no_certificate(prober: Prober, silent_port: int) -> None:
    answer = await prober.ask(TlsProbe("127.0.0.1", silent_port, timeout=0.3))
    assert isinstance(answer, TlsAnswer)
    assert answer.not_after is None
    assert answer.error is not None


@pytest.mark.xdist_group("postgres")
async def test_a_statement_gives_its_rows(prober: Prober, postgres: str) -> None:
    answer = await prober.ask(SqlProbe(postgres, "select 41 + 1 as n, '%:x' as word"))
    assert isinstance(answer, SqlAnswer)
    assert answer.columns == ("n", "word")
    assert answer.rows == ((42, "%:x"),)


@pytest.mark.xdist_group("postgres")
async def test_a_statement_can_not_write(prober: Prober, postgres: str) -> None:
    answer = await prober.ask(SqlProbe(postgres, "create table harm (n int)"))
    assert isinstance(answer, SqlAnswer)
    assert answer.error is not None
    assert "read-only" in answer.error.en


@pytest.mark.xdist_group("postgres")
async def test_a_slow_statement_is_ended_by_the_database(prober: Prober, postgres: str) -> None:
    answer = await prober.ask(SqlProbe(postgres, "select pg_sleep(30)", timeout=0.3))
    assert isinstance(answer, SqlAnswer)
    assert answer.error is not None
    assert "timeout" in answer.error.en


@pytest.mark.xdist_group("postgres")
@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://ward:wrong-and-secret@{place}",
        "nonsense://ward:wrong-and-secret@{place}",
        "wrong-and-secret",
    ],
)
async def test_a_refused_login_is_an_answer_that_does_not_tell_the_password(
    prober: Prober, postgres: str, url: str
) -> None:
    place = postgres.partition(f"{PASSWORD}@")[2]
    answer = await prober.ask(SqlProbe(url.format(place=place), "select 1"))
    assert isinstance(answer, SqlAnswer)
    assert answer.error is not None
    assert "secret" not in answer.error.en


async def test_a_missing_driver_is_named(prober: Prober) -> None:
    answer = await prober.ask(SqlProbe("oracle+oracledb://ward:x@127.0.0.1/his", "select 1 from dual"))
    assert isinstance(answer, SqlAnswer)
    assert answer.error is not None
    assert "oracledb" in answer.error.en
