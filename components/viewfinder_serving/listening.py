"""Listen on an address, or say in a sentence why not."""

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
        raise PermanentError(
            f"an address to listen on at {host}:{port}",
            _reason(error),
            f"give another {option} or --host, or end what uses it",
        ) from error


def _reason(error: Exception) -> str:
    # Python adds the address to the system's words; for a host of no such name they are its own.
    number = error.errno or 0 if isinstance(error, OSError) else 0
    return os.strerror(number) if number > 0 else str(error).partition(" (while")[0]
