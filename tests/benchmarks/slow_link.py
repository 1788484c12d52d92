"""A link with little bandwidth and some delay, in front of a server on this machine."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

_PIECE = 16 << 10  # bytes


@asynccontextmanager
async def slow_link(port: int, bits_per_second: float, delay: float) -> AsyncIterator[int]:
    """Pass connections on to a port of this machine, and give the port where they are taken.

    Args:
        port: The server's.
        bits_per_second: What goes up in a second, over all connections; what comes down is small.
        delay: Seconds that the first byte of each piece takes, up and down.
    """
    line = asyncio.Lock()

    async def carry(source: asyncio.StreamReader, to: asyncio.StreamWriter, rate: float) -> None:
        with suppress(ConnectionError):
            while piece := await source.read(_PIECE):
                async with line:
                    await asyncio.sleep(8 * len(piece) / rate)
                asyncio.get_running_loop().call_later(delay, _write, to, piece)
                await to.drain()
        await asyncio.sleep(delay)
        to.close()

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", port)
        with suppress(asyncio.CancelledError):  # the end of the link
            await asyncio.gather(carry(reader, back, bits_per_second), carry(there, writer, 1e12))

    async with await asyncio.start_server(connect, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


def _write(to: asyncio.StreamWriter, piece: bytes) -> None:
    if not to.is_closing():
        to.write(piece)
