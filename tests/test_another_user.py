"""What an analyst sees who may read the home folder and not write it: everything but subscribers."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

import pytest
from typer.testing import CliRunner

from digest_pipeline.cli import app
from digest_pipeline.delivery.database import open_delivery
from digest_pipeline.delivery.subscribers import SubscriberBook
from digest_pipeline.encoder import Embedder
from digest_pipeline.errors import SearchError
from digest_pipeline.models import Subscriber
from digest_pipeline.search import search, update_index
from digest_pipeline.search.index import open_index
from digest_pipeline.settings import Settings
from digest_pipeline.warehouse.choice import warehouse_of
from tests.episodes_to_search import ids, three_episodes

NOBODY = 65534


@pytest.fixture
def home() -> Iterator[Path]:
    """A home folder in one that everybody may enter, as that of pytest is not."""
    folder = Path(mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def settings(home: Path, embedder: Embedder) -> Settings:
    """Three episodes in the home folder's index, and a subscriber."""
    settings = Settings(home=home)
    warehouse = three_episodes(warehouse_of(settings))
    update_index(settings.search_index, warehouse.read, embedder)
    with open_delivery(settings.subscribers) as con:
        SubscriberBook(con).save(Subscriber("su_1", "mail", "ann@example.org", is_active=True))
    return settings


@contextmanager
def as_another_user(home: Path) -> Iterator[None]:
    """This process may read the home and not write it."""
    if os.geteuid():
        modes = {path: path.stat().st_mode for path in (home, *home.iterdir())}
        for path in modes:
            path.chmod(0o555 if path.is_dir() else 0o444 if path.name != "subscribers.sqlite" else 0)
    else:
        modes = {}
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(os.getuid())
        for path, mode in modes.items():
            path.chmod(mode)


def test_they_search(settings: Settings) -> None:
    found = ids(search("zeppelins and tumours", settings=settings))
    assert found
    files = sorted(path.name for path in settings.home.iterdir())
    with as_another_user(settings.home):
        assert ids(search("tumours and zeppelins", settings=settings))[0] == "cl_ep_mice"
        assert sorted(path.name for path in settings.home.iterdir()) == files
    with open_index(settings.search_index) as con, as_another_user(settings.home):  # while a run writes
        con.execute("select * from episodes").fetchone()
        assert ids(search("zeppelins and tumours", settings=settings)) == found
    with open_index(settings.search_index) as con:
        con.execute("pragma user_version = 99")
    with as_another_user(settings.home), pytest.raises(SearchError, match=r"another release.*owner"):
        search("tumours", settings=settings)


def status(settings: Settings) -> str:
    found = CliRunner().invoke(app, ["status"], env={"COLUMNS": "200", "DIGEST_HOME": str(settings.home)})
    assert isinstance(found.exception, SystemExit | None)
    return found.output


def test_their_status_tells_all_but_deliveries(settings: Settings) -> None:
    own = status(settings)  # before the other, who may not read our modules
    with as_another_user(settings.home):
        theirs = status(settings)
    assert "3 episodes" in own
    (line,) = [line for line in theirs.splitlines() if line.startswith("Deliveries")]
    assert "subscribers.sqlite is not this user's to read" in line
    assert theirs.replace(f"{line}\n", "") == own
