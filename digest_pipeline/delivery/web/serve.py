"""Running the web service: a socket, uvicorn, and no log of who asked for what."""

import socket
from collections.abc import Callable

import uvicorn

from digest_pipeline.delivery.web.service import WebService
from digest_pipeline.errors import SettingsError

MOST_CONNECTIONS = 200


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one.

    Raises:
        SettingsError: the address is taken, or not of this machine.
    """
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=MOST_CONNECTIONS)
    except (OSError, OverflowError) as error:
        raise SettingsError(
            f"cannot listen on {host} port {port}: {error}", remedy="name another with --host or --port"
        ) from error


def server_of(service: WebService) -> uvicorn.Server:
    """A server for the service. ``run(sockets=[...])`` blocks until it is interrupted, and lets requests finish."""
    config = uvicorn.Config(
        service.app(),
        http="h11",  # bounds the size of a request's head
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="warning",
        access_log=False,  # its lines would hold the links
        server_header=False,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_graceful_shutdown=10,
    )
    return uvicorn.Server(config)


def serve(service: WebService, host: str, port: int, *, started: Callable[[str], None]) -> None:
    """Serve until interrupted; ``started`` is told the address.

    Raises:
        SettingsError: see ``listen``.
    """
    with listen(host, port) as listener:
        shown = f"[{host}]" if ":" in host else host
        started(f"http://{shown}:{listener.getsockname()[1]}")
        server_of(service).run(sockets=[listener])
