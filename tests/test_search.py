"""Search: words, meaning, filters, what answers tell, and the command."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from digest_pipeline.claims.turns import turns_of
from digest_pipeline.cli import app
from digest_pipeline.encoder import Embedder
from digest_pipeline.errors import SearchError
from digest_pipeline.models import Segment
from digest_pipeline.search import search, update_index
from digest_pipeline.search.filters import Kind
from digest_pipeline.search.index import open_index, signs_of
from digest_pipeline.search.nearest import COMPARED, load, nearest
from digest_pipeline.search.passages import MOST_WORDS, passages_of
from digest_pipeline.search.search import fused
from digest_pipeline.search.words import Question
from digest_pipeline.settings import Settings
from digest_pipeline.warehouse import Warehouse
from tests.episodes_to_search import DAY, EPISODES, ids, three_episodes
from tests.test_cli import digest


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Settings:
    """For tests that only read."""
    settings = Settings(home=tmp_path_factory.mktemp("indexed"))
    update_index(settings.search_index, three_episodes(Warehouse(settings.database)).read, embedder)
    return settings


def test_words_and_meaning_both_find(indexed: Settings) -> None:
    assert ids(search("tumours", settings=indexed))[0] == "cl_ep_mice"
    assert ids(search("electricity storage is profitable", settings=indexed))[0] == "cl_ep_grid"  # no word in common
    assert ids(search("cafe", settings=indexed))[0] == "talk of ep_grid"  # accents do not matter
    assert ids(search("paying", kind="talk", settings=indexed))[0] == "talk of ep_grid"  # nor does the form


def test_an_answer_tells_what_where_and_when(indexed: Settings) -> None:
    claim = search("evening peaks", settings=indexed).to_dicts()[0]
    assert (claim["kind"], claim["headline"]) == ("claim", EPISODES[0][4])
    assert (claim["show"], claim["speaker"], claim["digest_date"]) == ("Spinning Reserve", "Hester Amadi", DAY)
    assert (claim["theme_id"], claim["theme"], claim["rank"]) == ("th_1", "Storage", 1)
    assert claim["link"] == "https://audio.example/ep_grid.mp3#t=10"
    talk = search("midnight", kind=Kind.TALK, settings=indexed).to_dicts()[0]
    assert (talk["quote"], talk["start_seconds"], talk["id"]) == (EPISODES[0][5], 62.5, None)
    assert talk["link"].endswith("#t=62")


def test_a_private_shows_addresses_are_not_told(indexed: Settings) -> None:
    answer = search("tumours", settings=indexed).to_dicts()[0]
    assert (answer["show"], answer["link"]) == ("Members Only", None)


def test_advertisements_are_not_found(indexed: Settings) -> None:
    answers = search("promo code free trial mattress", settings=indexed)
    assert not any("promo" in quote for quote in answers["quote"])


def test_talk_at_the_place_of_a_claim_is_told_by_the_claim(indexed: Settings) -> None:
    assert ids(search("batteries evening peaks", settings=indexed)).count("talk of ep_grid") <= 1
    assert EPISODES[0][4] not in [
        row["quote"] for row in search("batteries", settings=indexed).to_dicts() if not row["id"]
    ]


@pytest.mark.parametrize(
    ("filters", "wanted"),
    [
        ({"show": "spinning"}, {"ep_grid", "ep_rent"}),
        ({"speaker": "okafor"}, {"ep_mice"}),
        ({"theme": "storage"}, {"ep_grid"}),
        ({"theme": "PEAK"}, {"ep_grid"}),
        ({"theme": "th_1"}, {"ep_grid"}),
        ({"first": date(2026, 9, 15)}, {"ep_rent", "ep_mice"}),
        ({"last": date(2026, 9, 15)}, {"ep_grid", "ep_rent"}),
        ({"published": True}, {"ep_grid"}),
        ({"published": False}, {"ep_rent", "ep_mice"}),
        ({"published": False, "show": "members"}, {"ep_mice"}),
    ],
)
def test_filters_narrow(indexed: Settings, filters: dict[str, object], wanted: set[str]) -> None:
    answers = search("percent batteries tumours tax cages cold homes", settings=indexed, **filters)  # type: ignore[arg-type]
    assert set(answers["episode_id"]) == wanted


def test_a_phrase_stands_in_every_answer(indexed: Settings) -> None:
    assert ids(search('homes "vacant homes" batteries', settings=indexed)) == ["cl_ep_rent"]
    assert search('"homes vacant"', settings=indexed).is_empty()


@pytest.mark.parametrize("text", ['AND OR "', "NEAR(a b)", "* ^ : -", "😀 ' ; drop", 'text:x "', "(((", "a" * 5000])
def test_odd_questions_are_words_or_nothing(indexed: Settings, text: str) -> None:
    if any(character.isalnum() for character in text):
        search(text, settings=indexed)
    else:
        with pytest.raises(SearchError, match="nothing is asked"):
            search(text, settings=indexed)


@pytest.mark.parametrize(
    ("filters", "said"),
    [
        ({"show": "nobody's"}, "feeds list"),
        ({"speaker": "Nemo"}, "nobody called"),
        ({"theme": "Opera"}, "no theme"),
        ({"first": date(2026, 9, 16), "last": DAY}, "is after"),
        ({"kind": "talk", "theme": "Storage"}, "only claims have"),
        ({"kind": "talk", "published": False}, "only claims have"),
    ],
)
def test_a_filter_that_fits_nothing_is_named(indexed: Settings, filters: dict[str, object], said: str) -> None:
    with pytest.raises(SearchError, match=said):
        search("tax", settings=indexed, **filters)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("question", "filters"),
    [
        ("\udcff", {}),
        ("caf\udce9 tax", {}),
        ('"a caf\udce9"', {}),
        ("tax", {"show": "caf\udce9"}),
        ("tax", {"speaker": "caf\udce9"}),
        ("tax", {"theme": "caf\udce9"}),
    ],
)
def test_what_is_no_text_is_refused_by_name(indexed: Settings, question: str, filters: dict[str, str]) -> None:
    with pytest.raises(SearchError, match=r"\\udc.*is not valid UTF-8"):
        search(question, settings=indexed, **filters)  # type: ignore[arg-type]


def test_bytes_of_a_command_line_that_are_no_utf8_are_refused_in_one_line(indexed: Settings) -> None:
    for arguments in ([b"caf\xe9", b"lost"], [b"lost", b"--show", b"caf\xe9"]):
        command = [sys.executable.encode(), b"-m", b"digest_pipeline.cli", b"search", *arguments]
        variables = {**os.environ, "DIGEST_HOME": str(indexed.home), "COLUMNS": "200", "NO_COLOR": "1"}
        found = subprocess.run(command, capture_output=True, text=True, env=variables, check=False)
        assert (found.returncode, found.stdout) == (1, "")
        assert found.stderr.startswith("digest: 'caf\\udce9")
        assert found.stderr.endswith("is not valid UTF-8 (let the terminal send UTF-8)\n")


def test_before_the_first_run_of_this_release_the_remedy_is_named(
    settings: Settings, warehouse: Warehouse, embedder: Embedder
) -> None:
    update_index(settings.search_index, warehouse.read, embedder)
    with pytest.raises(SearchError, match="`digest run` builds those"):
        search("tax", settings=settings)


def test_without_an_index_the_remedy_is_named(settings: Settings) -> None:
    with pytest.raises(SearchError, match="builds it"):
        search("tax", settings=settings)


def test_passages_are_whole_sentences_of_one_speaker_with_their_times() -> None:
    sentence = "We counted every bus that came through the town on a rainy day in March. "
    segments = [Segment(0, 0, 100, "Ann", (sentence * 20).strip()), Segment(1, 100, 101, "Bo", "Yes, right."),
                Segment(2, 101, 110, "Bo", "Nobody had done that before us in this country.", is_ad=True)]  # fmt: skip
    found = [p for turn in turns_of(segments, "en") for p in passages_of(turn)]
    assert {p.speaker for p in found} == {"Ann"}
    assert " ".join(p.text for p in found) == segments[0].text
    assert all(len(p.text.split()) <= MOST_WORDS and p.text.endswith("March.") for p in found)
    assert [p.start_seconds for p in found[1:]] == pytest.approx([p.end_seconds for p in found[:-1]], abs=0.2)
    long = replace(segments[0], text="so " * 300)
    assert sum(len(p.text.split()) for turn in turns_of([long]) for p in passages_of(turn)) == 300


def test_signs_come_first_and_the_best_are_compared_exactly(tmp_path: Path) -> None:
    """Of 20,000 vectors in bundles, the ten nearest are found as an exact scan finds them."""
    chance = np.random.default_rng(5)
    centres = chance.normal(size=(200, 384))
    vectors = np.repeat(centres, 100, axis=0) + 0.8 * chance.normal(size=(20_000, 384))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    assert len(vectors) > COMPARED
    with open_index(tmp_path / "s.sqlite") as con:
        con.execute("begin")
        con.executemany("insert into vectors values (?, ?)",
                        [(i, v.tobytes()) for i, v in enumerate(vectors.astype(np.float16), start=1)])  # fmt: skip
        con.execute(
            "insert into episodes values (1, 'ep', '', 'made up', 1, 0, 20000, ?)", [signs_of(vectors).tobytes()]
        )
        con.execute("commit")
        loaded = load(con, tmp_path / "s.sqlite", "made up")
        shares = []
        for place in range(0, 20_000, 997):
            question = vectors[place] + 0.02 * chance.normal(size=384).astype(np.float32)
            question /= np.linalg.norm(question)
            found = list(nearest(con, loaded, question, np.ones(20_000, dtype=np.bool_), 10))
            exact = np.argsort(-(vectors @ question))[:10] + 1
            shares.append(len(set(found) & set(exact.tolist())) / 10)
    assert np.mean(shares) > 0.97
    odd = signs_of(np.array([[1.0, -1.0, 1.0]]))
    assert (odd.shape, int(np.bitwise_count(odd[0, 0]))) == ((1, 1), 2)


def test_fusion_prefers_what_both_rankings_have() -> None:
    scores = fused([[1, 2, 3], [4, 2]])
    assert max(scores, key=lambda i: scores[i]) == 2
    assert Question.parse('old "new  thing" Old, "!"') == Question(("old",), ("new thing",))
    assert Question.parse("old “new thing” „und noch“") == Question(("old",), ("new thing", "und noch"))


def asked(settings: Settings, *arguments: str, code: int = 0) -> Result:
    found = CliRunner().invoke(app, ["search", *arguments], env={"COLUMNS": "200", "DIGEST_HOME": str(settings.home)})
    assert found.exit_code == code, found.output
    return found


def test_the_command_answers_in_text_and_json(indexed: Settings) -> None:
    text = asked(indexed, "evening", "peaks", "--limit", "1").stdout
    assert "number 1 of its digest" in text
    assert "https://audio.example/ep_grid.mp3#t=10" in text
    found = json.loads(asked(indexed, "homes", "--unpublished", "--json", "-n", "1").stdout)
    assert [answer["id"] for answer in found] == ["cl_ep_rent"]
    assert "Nothing that was said" in asked(indexed, '"homes vacant"').stdout


def test_the_first_search_after_an_index_was_deleted_heeds_nothing_of_it(spoken: Warehouse, settings: Settings) -> None:
    settings.search_index.with_name("search.sqlite-wal").write_bytes(b"of an index that was deleted")
    assert json.loads(asked(settings, "tumours", "--json").stdout)[0]["id"] == "cl_ep_mice"


def test_a_search_where_no_home_is_makes_none(tmp_path: Path) -> None:
    home = tmp_path / "mistyped"
    found = digest("search", "tumours", home=home, code=1)
    assert "there is no database" in found.stderr
    assert not home.exists()


def test_the_command_builds_a_missing_index_and_names_what_is_wrong(spoken: Warehouse, settings: Settings) -> None:
    found = json.loads(digest("search", "tumours", "--json", home=settings.home).stdout)
    assert found[0]["id"] == "cl_ep_mice"
    with pytest.raises(SearchError, match="no show"):
        raise asked(settings, "x", "--show", "Nemo", code=1).exception  # type: ignore[misc]
    settings.search_index.write_bytes(b"no database" * 99)
    for name in ("search.sqlite-wal", "search.sqlite-shm"):
        (settings.home / name).unlink(missing_ok=True)
    with pytest.raises(SearchError, match="delete it"):
        search("tumours", settings=settings)
