"""The end of the server: after SIGTERM every connection that the kernel has taken gets an answer."""

from __future__ import annotations

import asyncio
import ctypes
import socket
import struct
from contextlib import suppress

import uvicorn

_ACCEPTED = 0.5
"""Seconds in which the server has accepted what the kernel had taken, and read its request."""

_ATTACH_FILTER = 26  # SO_ATTACH_FILTER of Linux
_DROP_NEWCOMERS = (  # a packet filter: opcode, jump if true, jump if false, number
    (0x30, 0, 0, 13),  # the byte of a TCP header that has its flags,
    (0x54, 0, 0, 0x02),  # and of them SYN, which opens a connection
    (0x15, 0, 1, 0x02),
    (0x06, 0, 0, 0),  # is dropped,
    (0x06, 0, 0, 0xFFFFFFFF),  # and any other packet kept
)


class DrainingServer(uvicorn.Server):
    """A server that loses nobody when it ends.

    For a grace it goes on: `/health` says that it is about to end, and each connection is closed with its next answer,
    so that clients go elsewhere. Then it accepts what the kernel has taken by then, and ends as uvicorn does.

    Args:
        grace: seconds after SIGTERM in which connections are still taken.
    """

    def __init__(self, config: uvicorn.Config, grace: float) -> None:
        super().__init__(config)
        self._grace = grace

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """What uvicorn calls when it was told to end."""
        self.config.app.state.draining = True  # type: ignore[union-attr]
        self.server_state.default_headers = [*self.server_state.default_headers, (b"connection", b"close")]
        await asyncio.sleep(self._grace)
        for server in self.servers:
            for listening in server.sockets:
                turn_newcomers_away(listening.fileno())
        await asyncio.sleep(_ACCEPTED)
        await super().shutdown(sockets)


def turn_newcomers_away(listening: int) -> None:
    """Let the kernel ignore who wants to connect to a listening socket; who is connected waits to be accepted.

    A client that is ignored asks again a second later, and finds another server, or none. Only Linux can do this:
    elsewhere a connection that comes just when the socket is closed may be lost.
    """
    program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *each) for each in _DROP_NEWCOMERS))
    address = struct.pack("HP", len(_DROP_NEWCOMERS), ctypes.addressof(program))
    with suppress(OSError), socket.socket(fileno=listening) as sharing:
        try:
            sharing.setsockopt(socket.SOL_SOCKET, _ATTACH_FILTER, address)
        finally:
            sharing.detach()
