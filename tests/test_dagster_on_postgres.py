"""Dagster's runs, events and schedules on a real Postgres, chosen by one variable of the environment."""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date

import psycopg2
import pytest
from dagster import DagsterInstance, DagsterRunStatus, asset, materialize

from digest_pipeline.cli import setup
from digest_pipeline.errors import DigestError, SettingsError
from digest_pipeline.instance import VARIABLE, prepare_home
from digest_pipeline.runs import run_days
from digest_pipeline.settings import Settings, load_settings
from tests.postgres_server import PASSWORD, postgres, server_address


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with postgres() as folder:
        yield folder


@pytest.fixture
def on_postgres(settings: Settings, server: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv(VARIABLE, server_address(server, driver="+psycopg2"))
    monkeypatch.setenv("DAGSTER_HOME", str(settings.dagster_home))  # undone after the test, however it is set
    prepare_home(settings := load_settings())
    return settings


@asset
def light() -> None:
    """An asset without work."""


def test_a_run_and_its_events_are_read_back(on_postgres: Settings, server: str) -> None:
    with DagsterInstance.get() as instance:
        run_id = materialize([light], instance=instance).run_id
    with DagsterInstance.get() as another:
        run = another.get_run_by_id(run_id)
        event = another.get_latest_materialization_event(light.key)
    assert run
    assert run.status is DagsterRunStatus.SUCCESS
    assert event
    assert event.run_id == run_id
    con = psycopg2.connect(server_address(server))
    with con.cursor() as cursor:
        cursor.execute("select count(*) from event_logs where run_id = %s", [run_id])
        row = cursor.fetchone()
    con.close()
    assert row
    assert row[0] > 5
    assert not list(on_postgres.dagster_home.rglob("*.db"))  # where they would lie otherwise


def test_dagster_says_where_all_of_it_lies_and_no_password(on_postgres: Settings) -> None:
    with DagsterInstance.get() as instance:
        said = instance.info_str()
        instance.upgrade()  # what `dagster instance migrate` does
        assert instance.schedule_storage
        assert instance.schedule_storage.all_instigator_state() == []
    assert "PostgresRunStorage" in said
    assert "PostgresEventLogStorage" in said
    assert "PostgresScheduleStorage" in said
    assert PASSWORD not in said + (on_postgres.dagster_home / "dagster.yaml").read_text()


def test_what_an_operator_wrote_stays(settings: Settings, server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(settings.dagster_home))
    prepare_home(settings)
    file = settings.dagster_home / "dagster.yaml"
    file.write_text("# mine\n" + file.read_text())
    monkeypatch.setenv(VARIABLE, server_address(server, driver="+psycopg2"))
    prepare_home(load_settings())
    with_storage = file.read_text()
    assert with_storage.startswith("# mine\n")
    assert with_storage.count("\nstorage:") == 1
    prepare_home(load_settings())
    assert file.read_text() == with_storage
    own = "storage:\n  sqlite:\n    base_dir: /elsewhere\n"
    file.write_text(own)
    prepare_home(load_settings())
    assert file.read_text() == own


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("postgresql://u:hush@host/db", "takes an address like"),
        ("postgresql+psycopg2://u:hush@host:port/db", "is no address"),
        ("postgresql+psycopg2://u:hush@127.0.0.1:1/db", "Postgres cannot be used: connection to server"),
    ],
)
def test_an_address_that_cannot_be_used_is_named_without_its_password(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, address: str, said: str
) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(settings.dagster_home))
    monkeypatch.setenv(VARIABLE, address)
    with pytest.raises(SettingsError, match=said) as caught:
        prepare_home(load_settings())
    assert "hush" not in str(caught.value)


def test_a_wrong_password_is_named_and_the_doctor_says_whether_it_answers(
    on_postgres: Settings, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert setup._postgres(on_postgres).found == "Postgres answers"
    monkeypatch.setenv(VARIABLE, server_address(server, driver="+psycopg2", password="hush"))
    finding = setup._postgres(load_settings())
    assert finding.is_fatal
    assert "password authentication failed" in finding.found
    assert "hush" not in f"{finding}"


def test_a_server_that_goes_away_is_named_and_nobody_is_asked_for_room(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(settings.dagster_home))
    with ExitStack() as running:
        monkeypatch.setenv(VARIABLE, server_address(running.enter_context(postgres()), driver="+psycopg2"))
        days = run_days([date(2026, 9, 14)], load_settings(), before=lambda _: running.close())
        with pytest.raises(DigestError, match=r"of 2026-09-14: connection to server .*see that its database answers"):
            list(days)
