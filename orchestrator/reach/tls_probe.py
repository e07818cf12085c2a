"""Reads the certificate that a server shows, whoever signed it and however old its TLS is."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import time

from cryptography import x509
from cryptography.x509.oid import ExtensionOID

from orchestrator.language import Text
from orchestrator.model.question import TlsAnswer, TlsProbe
from orchestrator.reach.network_error import explain


async def ask_tls(probe: TlsProbe) -> TlsAnswer:
    """Shake hands and read the certificate. Nothing is sent over the connection, so nothing is verified."""
    started = time.perf_counter()
    try:
        async with asyncio.timeout(probe.timeout):
            der = await _server_certificate(probe)
        certificate = x509.load_der_x509_certificate(der)
    except OSError as failure:
        return _unread(explain(failure), started)
    except ValueError as failure:
        return _unread(Text(f"证书无法解析：{failure}", f"unreadable certificate: {failure}"), started)
    return TlsAnswer(
        subject=certificate.subject.rfc4514_string(),
        issuer=certificate.issuer.rfc4514_string(),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        names=_names(certificate),
        seconds=time.perf_counter() - started,
    )


async def _server_certificate(probe: TlsProbe) -> bytes:
    _, writer = await asyncio.open_connection(
        probe.address, probe.port, ssl=_context(), server_hostname=probe.server_name or probe.address
    )
    try:
        der: bytes | None = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
    if der is None:
        raise ValueError("the server shows no certificate")
    return der


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    # Hospital appliances still speak TLS 1.0 with small keys; their certificates expire as well.
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    return context


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        extension = certificate.extensions.get_extension_for_oid(ExtensionOID.SUBJECT_ALTERNATIVE_NAME)
    except x509.ExtensionNotFound:
        return ()
    value = extension.value
    if not isinstance(value, x509.SubjectAlternativeName):
        return ()
    return tuple(str(name.value) for name in value)


def _unread(error: Text, started: float) -> TlsAnswer:
    return TlsAnswer("", "", None, None, (), time.perf_counter() - started, error)
