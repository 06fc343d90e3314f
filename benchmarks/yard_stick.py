"""A bare grpc.aio server on uvloop that streams fixed bytes: the least that any streaming server costs.

python -m benchmarks.yard_stick SIZE [SIZE ...]     prints its port, serves until it is ended
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from typing import Any

import grpc
import uvloop


async def main() -> None:
    """Serve /yard.Stick/Stream and /yard.Stick/Empty."""
    messages = [bytes(int(size)) for size in sys.argv[1:]]

    async def stream(_request: bytes, _context: object) -> AsyncIterator[bytes]:
        for message in messages:
            yield message

    async def empty(_request: bytes, _context: object) -> bytes:
        return b""

    server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
    handlers: dict[str, Any] = {
        "Stream": grpc.unary_stream_rpc_method_handler(stream),
        "Empty": grpc.unary_unary_rpc_method_handler(empty),
    }
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("yard.Stick", handlers),))
    print(server.add_insecure_port("127.0.0.1:0"), flush=True)
    await server.start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main())
