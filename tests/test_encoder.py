"""The sentence encoder is loaded when there is something to encode, and says what is wrong when it cannot be."""

import shutil
from pathlib import Path

import duckdb
import numpy as np
import pytest

from digest_pipeline.claims.models.punctuation import get_punctuator
from digest_pipeline.encoder import SentenceEncoder, embedder_name, get_embedder
from digest_pipeline.errors import ModelError
from digest_pipeline.model_files import encoder_source
from digest_pipeline.settings import Settings
from digest_pipeline.warehouse import Warehouse
from digest_pipeline.warehouse.schema import migrations


@pytest.mark.parametrize("name", ["auto", "all-MiniLM-L6-v2", "sentence-transformers/all-MiniLM-L6-v2"])
def test_the_packaged_encoder_is_the_same_by_all_its_names(name: str) -> None:
    assert encoder_source(name) == encoder_source("auto")
    assert embedder_name(Settings(encoder_model=name)) == "all-MiniLM-L6-v2"
    assert embedder_name(Settings(encoder_model="another")) == "another"


def test_a_home_under_another_name_of_the_packaged_encoder_goes_on_with_what_it_embedded(tmp_path: Path) -> None:
    file, hub = tmp_path / "digest.duckdb", "sentence-transformers/all-MiniLM-L6-v2"
    with duckdb.connect(str(file)) as con:
        con.execute(
            "create schema raw; create table raw.migrations (number integer, name varchar, applied_at timestamp)"
        )
        for number, name, sql in migrations()[:14]:
            con.execute(sql)
            con.execute("insert into raw.migrations values (?, ?, now())", [number, name])
        for claim, model, clarity in [("cl_1", hub, 0.1), ("cl_2", hub, 0.2), ("cl_2", "all-MiniLM-L6-v2", 0.3)]:
            con.execute("insert into raw.claim_embeddings values (?, ?, [1.0, 0.0], ?)", [claim, model, clarity])
        con.execute("insert into raw.claim_embeddings values ('cl_3', 'another', [1.0, 0.0], 0.4)")
        con.execute("insert into raw.cluster_days values ('2026-09-14', ?, 28, 2, 0, 1.0)", [hub])
    with Warehouse(file).write() as con:
        assert con.execute(
            "select claim_id, model, clarity from raw.claim_embeddings order by claim_id"
        ).fetchall() == [
            ("cl_1", "all-MiniLM-L6-v2", 0.1),
            ("cl_2", "all-MiniLM-L6-v2", 0.3),
            ("cl_3", "another", 0.4),
        ]
        assert con.execute("select model from raw.cluster_days").fetchall() == [("all-MiniLM-L6-v2",)]


def test_a_folder_that_holds_no_model_is_named_with_the_first_text(tmp_path: Path) -> None:
    encoder = SentenceEncoder(str(tmp_path), "mine")
    assert encoder.embed([]).shape == (0, 0)
    with pytest.raises(ModelError, match=r"'mine' cannot be loaded: .*DIGEST_ENCODER_MODEL"):
        encoder.embed(["A queue is a price."])


@pytest.mark.parametrize("file", ["model.safetensors", "1_Pooling/config.json"])
def test_an_encoder_that_is_half_there_is_named(file: str, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(encoder_source("auto"), folder)
    whole = (folder / file).read_bytes()
    (folder / file).write_bytes(whole[: len(whole) // 2] if file.startswith("model") else b"{}")
    with pytest.raises(ModelError, match="'mine' cannot be loaded"):
        SentenceEncoder(str(folder), "mine").embed(["A queue is a price."])


def test_vectors_are_of_unit_length_and_near_where_the_meaning_is() -> None:
    vectors = get_embedder(Settings()).embed(
        ["Waiting lists ration surgery.", "Surgery is rationed by queues.", "The cat slept on the piano."]
    )
    assert vectors.shape == (3, 384)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert vectors[0] @ vectors[1] > 0.5 > vectors[0] @ vectors[2]


def test_an_encoder_that_is_none_is_named_to_whoever_asks_first_what_fits_it(tmp_path: Path) -> None:
    (tmp_path / "modules.json").write_text("[]")
    with pytest.raises(ModelError, match=r"cannot be loaded: .*DIGEST_ENCODER_MODEL"):
        get_punctuator(Settings(encoder_model=str(tmp_path)), "en")
