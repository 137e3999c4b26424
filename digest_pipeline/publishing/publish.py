"""Publishing a day: choose, hold against the rules, record once, write the site, note that it arrived."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
from filelock import FileLock

from digest_pipeline.encoder import embedder_name
from digest_pipeline.errors import HeldBack
from digest_pipeline.models import Digest
from digest_pipeline.publishing import store
from digest_pipeline.publishing.pages import Site
from digest_pipeline.publishing.related import relate
from digest_pipeline.publishing.render import content_hash
from digest_pipeline.publishing.rules import RULES, broken_rules
from digest_pipeline.publishing.site import write_site
from digest_pipeline.settings import Settings
from digest_pipeline.warehouse import Warehouse


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a day would publish, and the claims that break each rule. A digest that readers have seen breaks none."""

    digest: Digest
    broken: dict[str, list[str]]
    differs_from_published: bool

    def raise_if_held(self) -> None:
        """Stop a publication that a rule forbids.

        Raises:
            HeldBack: naming the rules and the claims.
        """
        if broken := {rule: ids for rule, ids in self.broken.items() if ids}:
            said = "; ".join(f"{rule}: {', '.join(ids)}" for rule, ids in broken.items())
            raise HeldBack(
                f"the digest of {self.digest.digest_date} is held back: {said}",
                remedy="`digest why ID` shows a claim; mend the cause and run the day again",
            )


def site_of(settings: Settings) -> Site:
    """What the settings say of the site."""
    return Site(
        settings.site_title,
        settings.site_url,
        settings.site_tag,
        takes_subscribers=bool(settings.site_url and settings.smtp_host),
    )


def judge(con: duckdb.DuckDBPyConnection, day: date, settings: Settings) -> Verdict:
    """What publishing a day would put before its readers, held against the rules of the house."""
    chosen = store.chosen_digest(con, day)
    digest = store.digest_to_publish(con, chosen)
    is_new = store.published_digest(con, day) != digest
    broken = broken_rules(con, digest, settings, embedder_name(settings)) if is_new else {rule: [] for rule in RULES}
    return Verdict(digest, broken, content_hash(chosen) != content_hash(digest))


def record(con: duckdb.DuckDBPyConnection, verdict: Verdict, settings: Settings) -> bool:
    """Make the digest the published one and note that the site's build begins; whether it is new there.

    Raises:
        HeldBack: it breaks a rule; nothing is recorded.
    """
    verdict.raise_if_held()
    digest = store.record_digest(con, verdict.digest)
    relate(con, digest, embedder_name(settings))
    return store.start_delivery(con, digest, store.SITE, str(settings.site))


def build(warehouse: Warehouse, day: date, settings: Settings) -> list[Path]:
    """Write what a recorded day touches, and what builds that died have left; returns the files that changed."""
    recipient = str(settings.site)
    with _writing(settings), warehouse.read() as con:
        days = sorted({day, *store.undelivered_days(con, store.SITE, recipient)})
        changed = write_site(settings.site, con, days, site_of(settings))
    with warehouse.write() as con:
        for written in days:
            store.finish_delivery(con, written, store.SITE, recipient)
    return changed


def build_again(warehouse: Warehouse, settings: Settings) -> list[Path]:
    """Write the whole site as the database has it, without the pages of what it does not have any more.

    Returns:
        The files that changed or went.
    """
    with _writing(settings), warehouse.read() as con:
        return write_site(settings.site, con, store.published_days(con), site_of(settings))


def _writing(settings: Settings) -> FileLock:
    """One writes the site at a time: a run that read a DuckLake before a retraction would put its words back."""
    settings.home.mkdir(parents=True, exist_ok=True)
    return FileLock(settings.home / "site.lock")


def preview(warehouse: Warehouse, day: date, settings: Settings, folder: Path) -> tuple[Verdict, list[Path]]:
    """Write the site as publishing a day would leave it to another folder; nothing is recorded.

    A folder that holds an earlier preview is written whole, so that nothing of that one stays.
    """
    with warehouse.read() as con:
        con.execute("begin transaction")
        try:
            verdict = judge(con, day, settings)
            digest = store.record_digest(con, verdict.digest)
            relate(con, digest, embedder_name(settings))
            return verdict, write_site(folder, con, store.published_days(con), site_of(settings))
        finally:
            con.execute("rollback")
