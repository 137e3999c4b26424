"""``digest serve``: the site and subscriptions as a small web service."""

from typing import Annotated

import typer

from digest_pipeline.cli.console import err, out
from digest_pipeline.settings import load_settings


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on; 127.0.0.1 is this machine alone.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")] = 8080,
) -> None:
    """Serve the site, its health, and the pages to subscribe, confirm, change wishes and unsubscribe."""
    from digest_pipeline.delivery.web.confirmation import mail_asker
    from digest_pipeline.delivery.web.serve import serve as run
    from digest_pipeline.delivery.web.service import WebService

    settings = load_settings()
    ask = mail_asker(settings)
    if ask is None:
        err.print("[yellow]nobody can subscribe here:[/] set smtp_host, mail_from and site_url")
    run(WebService(settings, ask), host, port, started=lambda url: out.print(f"Serving {settings.site} at {url}"))
