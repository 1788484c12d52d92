"""A certificate and its key, read from files and tried before they are used."""

import os
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from viewfinder_components.errors import PermanentError, reason_of
from viewfinder_serving.changing_files import ChangingFiles

_MAX_BYTES = 1024**2
_BEGIN, _END = b"-----BEGIN CERTIFICATE-----", b"-----END CERTIFICATE-----"
_KEY = b"PRIVATE KEY-----"


@dataclass(frozen=True)
class Certificate:
    """A certificate that TLS works with."""

    chain: bytes
    """PEM: the server's own certificate, and those between it and its authority."""
    key: bytes = field(repr=False)
    """PEM, not encrypted."""
    context: ssl.SSLContext = field(repr=False, compare=False)
    """For connections that present it."""


def watch_certificate(chain: Path, key: Path) -> Callable[[], Certificate]:
    """Return what gives the certificate in the files, as they are now.

    Args:
        chain: PEM file of the certificates.
        key: PEM file of the key.

    Raises:
        PermanentError: A file cannot be read or has something else in it, the key is another
            certificate's, or a client would not accept the certificate now.
    """
    files = ChangingFiles(f"certificate of {chain}", [chain, key], lambda: _read(chain, key))
    return files.get


def _read(chain_file: Path, key_file: Path) -> Certificate:
    chain, key = _read_file(chain_file, "--tls-certificate"), _read_file(key_file, "--tls-key")
    context = _make_context(ssl.PROTOCOL_TLS_SERVER)
    context.set_alpn_protocols(["http/1.1"])
    _need(_END in chain, "a certificate", chain_file)
    _need(_KEY in key, "a private key", key_file)
    # In one file, from memory: the files may be replaced at any moment.
    with _in_memory(key + b"\n" + chain) as both:
        try:
            context.load_cert_chain(both, password=_no_password)
        except (ssl.SSLError, OSError, ValueError) as error:
            raise PermanentError(
                f"a certificate in {chain_file} and its key, not encrypted, in {key_file}",
                _explain(error),
                "name files that belong together; `openssl pkey` removes a key's password",
            ) from error
    _try(context, chain, chain_file)
    return Certificate(chain, key, context)


def _need(fits: bool, what: str, file: Path) -> None:
    if not fits:
        raise PermanentError(f"{what} in PEM format in {file}", "none", "name another file")


def _make_context(protocol: int) -> ssl.SSLContext:
    context = ssl.SSLContext(protocol)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _read_file(path: Path, option: str) -> bytes:
    try:
        if not path.is_file():
            raise FileNotFoundError(2, "no such file")
        with path.open("rb") as opened:
            return opened.read(_MAX_BYTES)
    except (OSError, ValueError) as error:  # ValueError: no name of a file
        raise PermanentError(
            f"a readable file in PEM format for {option}",
            f"{path} ({reason_of(error)})",
            "correct the path, or the permissions of the file",
        ) from error


@contextmanager
def _in_memory(content: bytes) -> Iterator[str]:
    """Give the path of a file that has no name: Python's TLS reads certificates from files only."""
    descriptor = os.memfd_create("certificate")
    try:
        os.write(descriptor, content)
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)


def _no_password() -> bytes:
    """Answer in the place of a user, whom OpenSSL would ask for the password of a key."""
    return b""


def _try(server_side: ssl.SSLContext, chain: bytes, file: Path) -> None:
    """Shake hands with a client that trusts exactly this certificate, which may have expired."""
    client_side = _make_context(ssl.PROTOCOL_TLS_CLIENT)
    client_side.check_hostname = False  # the names are the clients' business
    client_side.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # not its authority, which is unknown
    client_side.load_verify_locations(cadata=_first(chain))
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = server_side.wrap_bio(to_server, to_client, server_side=True)
    client = client_side.wrap_bio(to_client, to_server)
    try:
        for _ in range(4):  # more than TLS has flights
            for side in (client, server):
                with suppress(ssl.SSLWantReadError):
                    side.do_handshake()
    except ssl.SSLError as error:
        raise PermanentError(
            f"a certificate in {file} that clients accept",
            _explain(error),
            "renew it, or correct the clock of this machine",
        ) from error


def _first(chain: bytes) -> str:
    """Return the server's own certificate, the first; comments before it may be in any encoding."""
    body = chain.partition(_END)[0].rpartition(_BEGIN)[2]
    return (_BEGIN + body + _END).decode("latin-1")


def _explain(error: Exception) -> str:
    """Return OpenSSL's reason in its own words."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"one that they do not accept ({error.verify_message})"
    if getattr(error, "reason", None) == "KEY_VALUES_MISMATCH":
        return "the key of another certificate"
    reason = getattr(error, "reason", None)
    refused = "files that OpenSSL refuses"
    return f"{refused} ({reason.lower().replace('_', ' ')})" if reason else refused
