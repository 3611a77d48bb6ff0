"""`python -m tests.bench.delay SOCKET MILLISECONDS`: a way to a database that takes so long; prints its port.

A process of its own, so that what it costs is nobody else's.
"""

import asyncio
import sys

PIECE = 1 << 16


async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seconds: float) -> None:
    """Everything from one side to the other, each piece so much later."""
    loop = asyncio.get_running_loop()
    while piece := await reader.read(PIECE):
        loop.call_later(seconds, writer.write, piece)
    loop.call_later(seconds, writer.close)


async def main(socket: str, milliseconds: float) -> None:
    """Serve until killed. Only what goes to the database is late: a round trip is late once."""

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_server, to_server = await asyncio.open_unix_connection(socket)
        async with asyncio.TaskGroup() as group:
            group.create_task(carry(reader, to_server, milliseconds / 1000))
            group.create_task(carry(from_server, writer, 0))

    server = await asyncio.start_server(meet, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201 (what it is for)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], float(sys.argv[2])))
