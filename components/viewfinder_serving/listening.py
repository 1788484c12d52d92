"""Listen on an address, or say in a sentence why not."""

import errno
import os
import socket

from viewfinder_components.errors import PermanentError


def listen(host: str, port: int, option: str = "--port") -> socket.socket:
    """Return a socket that listens.

    Args:
        host: Address.
        port: TCP port; 0 takes a free one.
        option: How the port was given, for the message.

    Raises:
        PermanentError: The address cannot be listened on.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except (OSError, TypeError, UnicodeError) as error:  # the last two for a host that is no name
        raise _explain(error, host, port, option) from error


def _explain(error: Exception, host: str, port: int, option: str) -> PermanentError:
    number = error.errno if isinstance(error, OSError) else None
    if number == errno.EADDRINUSE:
        return PermanentError(
            f"port {port} to be free",
            f"a port in use at {host}",
            f"choose another port with {option}, or end the program that uses this one",
        )
    if number == errno.EACCES:
        return PermanentError(
            f"permission to listen on port {port}",
            _reason(error),
            f"choose a port from 1024 with {option}",
        )
    return PermanentError(
        f"an address to listen on at {host}:{port}",
        _reason(error),
        "choose another address with --host, such as 127.0.0.1",
    )


def _reason(error: Exception) -> str:
    # Python adds the address to the system's words; for a host of no such name they are its own.
    number = error.errno or 0 if isinstance(error, OSError) else 0
    return os.strerror(number) if number > 0 else str(error).partition(" (while")[0]
