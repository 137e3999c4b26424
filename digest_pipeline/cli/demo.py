"""``digest demo``: the invented network of ``demo/``, four days of it, through the real pipeline."""

import os
from datetime import date, timedelta
from typing import Annotated

import typer

from digest_pipeline.bundled import bundled
from digest_pipeline.cli.console import out, progress_bars
from digest_pipeline.cli.feeds import subscribe_to_list
from digest_pipeline.cli.run import print_summary
from digest_pipeline.demo import DemoNetwork, serve
from digest_pipeline.publishing.render import to_text
from digest_pipeline.publishing.store import published_digest
from digest_pipeline.runs import run_days
from digest_pipeline.settings import home_folder, load_settings
from digest_pipeline.warehouse.choice import warehouse_of

PORT = 8790


def demo(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Where the demo network is served on 127.0.0.1.")] = PORT,
) -> None:
    """Run four days of an invented podcast network through the pipeline, in the folder `demo` of the home folder."""
    network = DemoNetwork(bundled("demo"))
    os.environ["DIGEST_HOME"] = str(home_folder() / "demo")
    os.environ["DIGEST_ALLOW_PRIVATE_HOSTS"] = "1"  # the network is served on loopback
    settings = load_settings()
    days = [network.first_day + timedelta(days=n) for n in range((network.last_day - network.first_day).days + 1)]
    with serve(network, port) as base, progress_bars() as bars:
        out.print(
            f"{len(network.shows)} shows on {base}, {days[0]} to {days[-1]}; home {settings.home}", soft_wrap=True
        )
        network.today = days[0]
        subscribe_to_list(f"{base}/opml", settings)

        def begin(day: date) -> None:
            network.today = day
            bars.start_day()

        summaries = []
        for summary in run_days(days, settings, before=begin):
            print_summary(summary)
            summaries.append(summary)
    with warehouse_of(settings).read() as con:
        digest = published_digest(con, days[-1])
    if digest:
        typer.echo(f"\n{to_text(digest)}")
    out.print(f"Page: {settings.site / 'index.html'}", soft_wrap=True)
    out.print(f"Look further: DIGEST_HOME={settings.home} digest show | why ID | status", soft_wrap=True)
    if any(not summary.succeeded for summary in summaries):
        raise typer.Exit(1)
