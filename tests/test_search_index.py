"""What is taken into the search index and when: what is new, what was removed, what died on the way."""

import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest

from digest_pipeline.encoder import Embedder, Vectors
from digest_pipeline.errors import SearchError
from digest_pipeline.search import IndexReport, search, update_index
from digest_pipeline.settings import Settings
from digest_pipeline.warehouse import Warehouse
from tests.episodes_to_search import DAY, EPISODES, PUBLIC, add_episode, ids


class Counting:
    """The real encoder under any name, noting what it is asked."""

    def __init__(self, embedder: Embedder, name: str) -> None:
        self._embedder, self.name, self.asked = embedder, name, 0

    def embed(self, texts: Sequence[str]) -> Vectors:
        self.asked += len(texts)
        return self._embedder.embed(texts)


def test_only_what_is_new_or_changed_is_taken_in(spoken: Warehouse, settings: Settings, embedder: Embedder) -> None:
    counting = Counting(embedder, embedder.name)
    file = settings.search_index
    assert update_index(file, spoken.read, counting, DAY).episodes == 3
    assert counting.asked == 9
    assert update_index(file, spoken.read, counting, DAY) == update_index(file, spoken.read, counting)
    assert counting.asked == 9
    with spoken.write() as con:
        con.execute("update raw.claim_candidates set headline = 'Zeppelins came back.' where claim_id = 'cl_ep_grid'")
        con.execute("update raw.episodes set status = 'duplicate' where episode_id = 'ep_mice'")
        add_episode(
            con, "ep_new", PUBLIC, date(2026, 9, 17), "Dana Weiss", "Buses without fares carry more people.", "Short."
        )
    report = update_index(file, spoken.read, counting, DAY)
    assert (report.episodes, report.removed) == (2, 1)
    assert ids(search("zeppelins", settings=settings))[0] == "cl_ep_grid"
    assert "cl_ep_mice" not in ids(search("tumours", settings=settings))
    assert ids(search("free public transport", settings=settings))[0] == "cl_ep_new"


def test_an_episode_without_anything_to_find_is_taken_in(
    spoken: Warehouse, settings: Settings, embedder: Embedder
) -> None:
    with spoken.write() as con:
        con.execute("delete from raw.transcript_segments where episode_id = 'ep_mice'")
        con.execute("delete from raw.claim_candidates where episode_id = 'ep_mice'")
    assert update_index(settings.search_index, spoken.read, embedder) == IndexReport(3, 6, 0)
    assert update_index(settings.search_index, spoken.read, embedder).episodes == 0
    assert ids(search("vacant homes", settings=settings))[0] == "cl_ep_rent"


def test_removed_transcripts_are_not_found_any_more(spoken: Warehouse, settings: Settings, embedder: Embedder) -> None:
    update_index(settings.search_index, spoken.read, embedder)
    with spoken.write() as con:
        con.execute("delete from raw.transcript_segments where episode_id = 'ep_grid'")
    assert update_index(settings.search_index, spoken.read, embedder) == IndexReport(1, 1, 0)
    assert not [one for one in ids(search("midnight", settings=settings)) if one == "talk of ep_grid"]
    assert ids(search("evening peaks", settings=settings))[0] == "cl_ep_grid"
    assert update_index(settings.search_index, spoken.read, embedder).episodes == 0


def test_stored_vectors_are_not_made_again(spoken: Warehouse, settings: Settings, embedder: Embedder) -> None:
    with spoken.write() as con:
        vector = embedder.embed([f"{EPISODES[0][4]} "])[0].tolist()
        con.execute("insert into raw.claim_embeddings values ('cl_ep_grid', ?, ?, 0.8)", [embedder.name, vector])
    counting = Counting(embedder, embedder.name)
    update_index(settings.search_index, spoken.read, counting)
    assert counting.asked == 8
    assert ids(search("electricity storage is profitable", settings=settings))[0] == "cl_ep_grid"


def test_another_encoder_is_taken_in_and_words_are_found_meanwhile(
    spoken: Warehouse, settings: Settings, embedder: Embedder
) -> None:
    update_index(settings.search_index, spoken.read, Counting(embedder, "an older one"))
    assert ids(search("tumours", settings=settings)) == ["cl_ep_mice"]
    assert search("tumours", settings=settings)["similarity"].to_list() == [None]
    assert update_index(settings.search_index, spoken.read, embedder).episodes == 3
    assert search("tumours", settings=settings)["similarity"][0] > 0.2


class Dying(Counting):
    """Dies before it embeds the second episode."""

    def embed(self, texts: Sequence[str]) -> Vectors:
        if self.asked:
            raise KeyboardInterrupt
        return super().embed(texts)


def test_a_first_build_that_died_is_not_searched_and_goes_on(
    spoken: Warehouse, settings: Settings, embedder: Embedder
) -> None:
    with pytest.raises(KeyboardInterrupt):
        update_index(settings.search_index, spoken.read, Dying(embedder, embedder.name))
    with pytest.raises(SearchError, match="no search index yet"):
        search("tumours", settings=settings)
    assert update_index(settings.search_index, spoken.read, embedder).episodes == 2
    assert {ids(search(words, settings=settings))[0] for words in ("evening peaks", "tumours", "vacant homes")} == {
        "cl_ep_grid",
        "cl_ep_mice",
        "cl_ep_rent",
    }
    assert not list(settings.home.glob("search.sqlite?*part*"))


def test_two_first_builds_at_once_make_one_index(spoken: Warehouse, settings: Settings, embedder: Embedder) -> None:
    with ThreadPoolExecutor() as threads:
        builds = [threads.submit(update_index, settings.search_index, spoken.read, embedder) for _ in range(2)]
    assert sorted(build.result().episodes for build in builds) == [0, 3]


def test_an_update_that_died_goes_on(spoken: Warehouse, settings: Settings, embedder: Embedder) -> None:
    update_index(settings.search_index, spoken.read, Counting(embedder, "an older one"))
    with pytest.raises(KeyboardInterrupt):
        update_index(settings.search_index, spoken.read, Dying(embedder, embedder.name))
    assert update_index(settings.search_index, spoken.read, embedder).episodes == 2


def test_a_file_of_another_release_is_built_anew(settings: Settings, spoken: Warehouse, embedder: Embedder) -> None:
    update_index(settings.search_index, spoken.read, embedder)
    with sqlite3.connect(settings.search_index) as con:
        con.execute("pragma user_version = 99")
    con.close()
    assert update_index(settings.search_index, spoken.read, embedder).episodes == 3
    assert ids(search("tumours", settings=settings))[0] == "cl_ep_mice"


def test_a_search_reads_the_snapshot_while_a_run_writes(
    settings: Settings, spoken: Warehouse, embedder: Embedder
) -> None:
    update_index(settings.search_index, spoken.read, embedder)
    spoken.snapshot_to(settings.snapshot)
    code = f"import duckdb, sys; con = duckdb.connect({str(settings.database)!r}); print('held', flush=True); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == b"held\n"
        assert ids(search("tumours", settings=settings))[0] == "cl_ep_mice"
        holder.communicate()
