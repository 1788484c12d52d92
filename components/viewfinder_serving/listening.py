"""Listen on an address, or explain in a sentence why that is impossible."""

import errno
import os
import socket

from viewfinder_components.errors import PermanentError


def listen(host: str, port: int, option: str = "--port") -> socket.socket:
    """Return a listening socket.

    Args:
        host: Address.
        port: TCP port; 0 for a free one.
        option: The option for the port, for the message.

    Raises:
        PermanentError: It is not possible to listen on the address.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except (OSError, TypeError, UnicodeError) as error:  # the last two for an invalid host name
        raise _explain(error, host, port, option) from error


def _explain(error: Exception, host: str, port: int, option: str) -> PermanentError:
    number = error.errno if isinstance(error, OSError) else None
    if number == errno.EADDRINUSE:
        return PermanentError(
            f"port {port} to be free",
            f"a port in use at {host}",
            f"choose another port with {option}, or stop the program that uses this one",
        )
    if number == errno.EACCES:
        return PermanentError(
            f"permission to listen on port {port}",
            _reason(error),
            f"choose a port of at least 1024 with {option}",
        )
    return PermanentError(
        f"an address to listen on at {host}:{port}",
        _reason(error),
        "choose another address with --host, such as 127.0.0.1",
    )


def _reason(error: Exception) -> str:
    # Python appends the address to the system's message; for an unknown host it has its own text.
    number = error.errno or 0 if isinstance(error, OSError) else 0
    return os.strerror(number) if number > 0 else str(error).partition(" (while")[0]
