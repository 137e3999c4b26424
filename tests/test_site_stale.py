"""What is not published any more does not stay on the site, and a preview shows nothing of the one before it."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from bench.published import made_up_archive, publish
from digest_pipeline.cli import app
from digest_pipeline.delivery.web.service import _last_day
from digest_pipeline.publishing import site, store
from digest_pipeline.publishing.pages import Site
from digest_pipeline.publishing.publish import build, build_again
from digest_pipeline.publishing.site import write_site
from digest_pipeline.settings import Settings
from digest_pipeline.warehouse import Warehouse
from tests.test_house_rules import BEFORE, DAY, chosen, publish_day  # noqa: F401 - a fixture
from tests.test_site import FIRST, contents


@pytest.fixture
def published(warehouse: Warehouse, settings: Settings) -> list[Path]:
    """Eight days over a new year, all on the site beside some files of its owner; the owner's files."""
    chance = np.random.default_rng(7)
    with warehouse.write() as con:
        for digest in made_up_archive(FIRST, 8):
            publish(con, digest, chance)
    build_again(warehouse, settings)
    own = [settings.site / name for name in ("days/notes.html", "insights/index.html", "robots.txt", "CNAME")]
    for path in own:
        path.write_text("mine")
    return own


def forget(warehouse: Warehouse, where: str) -> None:
    """As if a database of before were put back."""
    with warehouse.write() as con:
        for table in ("digests", "digest_items"):
            con.execute(f"delete from raw.{table} where {where}")
        con.execute("delete from raw.related_insights where claim_id not in (select claim_id from raw.digest_items)")


def test_days_that_a_restored_database_does_not_have_leave_the_site(
    published: list[Path], warehouse: Warehouse, settings: Settings, tmp_path: Path
) -> None:
    forget(warehouse, "digest_date >= '2026-01-01'")
    gone = build_again(warehouse, settings)
    with warehouse.read() as con:
        write_site(tmp_path / "anew", con, [], Site(settings.site_title, settings.site_url, settings.site_tag))
        newest = store.published_days(con)[-1]
    left = contents(settings.site)
    assert {path for path in published if str(path.relative_to(settings.site)) in left} == set(published)
    own = {str(path.relative_to(settings.site)) for path in published}
    assert set(left) - own == set(contents(tmp_path / "anew"))
    assert settings.site / "archive" / "2026.html" in gone
    assert not any("2026-01" in name for name in left)
    assert _last_day(settings.site) == newest
    assert build_again(warehouse, settings) == []


def test_a_database_without_a_digest_leaves_only_what_is_not_the_sites(
    published: list[Path], warehouse: Warehouse, settings: Settings
) -> None:
    forget(warehouse, "true")
    build_again(warehouse, settings)
    assert sorted(path for path in settings.site.rglob("*") if path.is_file() and path.name != ".built-from") == sorted(
        published
    )
    assert _last_day(settings.site) is None


def test_health_knows_the_newest_published_day_beside_a_page_that_is_left_over(
    published: list[Path], warehouse: Warehouse, settings: Settings
) -> None:
    (settings.site / "days" / "2031-01-01.html").write_text("left over")
    assert _last_day(settings.site) == FIRST.replace(year=2026, month=1, day=3)


def test_a_folder_that_no_build_has_stamped_loses_nothing(warehouse: Warehouse, tmp_path: Path) -> None:
    with warehouse.write() as con:
        publish(con, made_up_archive(FIRST, 1)[0], np.random.default_rng(7))
        (tmp_path / "site" / "archive").mkdir(parents=True)
        own = tmp_path / "site" / "archive" / "1999.html"
        own.write_text("of another site")
        write_site(tmp_path / "site", con, [], Site("Five"))
    assert own.exists()


def test_a_second_preview_shows_nothing_of_the_first(
    chosen: Warehouse,  # noqa: F811 - the fixture
    settings: Settings,
    tmp_path: Path,
) -> None:
    publish_day(chosen, BEFORE, settings)
    runner, target = CliRunner(), tmp_path / "aside"
    assert runner.invoke(app, ["preview", "--date", str(DAY), "-o", str(target)]).exit_code == 0
    (target / "insights" / "notes.html").write_text("mine")
    with chosen.write() as con:
        con.execute("delete from marts.daily_top_insights where claim_id = 'cl_3'")
    assert runner.invoke(app, ["preview", "--date", str(DAY), "-o", str(target)]).exit_code == 0
    assert runner.invoke(app, ["preview", "--date", str(DAY), "-o", str(tmp_path / "fresh")]).exit_code == 0
    assert (target / "insights" / "notes.html").read_text() == "mine"
    (target / "insights" / "notes.html").unlink()
    second, fresh = (
        {name: body for name, body in contents(folder).items() if not name.startswith("feeds/")}  # tell when it was
        for folder in (target, tmp_path / "fresh")
    )
    assert second == fresh
    assert not (target / "insights" / "cl_3.html").exists()


def test_a_day_that_was_taken_back_by_who_died_then_leaves_with_the_next_build(
    published: list[Path], warehouse: Warehouse, settings: Settings
) -> None:
    days = sorted(path.stem for path in settings.site.glob("days/*.md"))
    forget(warehouse, f"digest_date = '{days[3]}'")
    build(warehouse, date.fromisoformat(days[-1]), settings)
    left = contents(settings.site)
    assert not any(days[3] in name for name in left)
    assert f"days/{days[2]}.html" in left[f"days/{days[4]}.html"].decode()
    assert all(path.exists() for path in published)


def test_a_build_that_died_is_done_again_though_all_pages_share_what_they_did_before(
    published: list[Path], warehouse: Warehouse, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, last = (
        contents(settings.site),
        date.fromisoformat(max(path.stem for path in published[0].parent.glob("*.md"))),
    )
    write = site._write

    def dies_halfway(path: Path, content: str) -> bool:
        if path.name == "themes.html":
            raise KeyboardInterrupt
        return write(path, content)

    monkeypatch.setattr(site, "_write", dies_halfway)
    with pytest.raises(KeyboardInterrupt):
        build(warehouse, last, settings.model_copy(update={"site_title": "Another title"}))
    monkeypatch.undo()
    assert contents(settings.site) != before
    build(warehouse, last, settings)
    assert contents(settings.site) == before
