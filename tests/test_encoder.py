"""The sentence encoder is loaded when there is something to encode, and says what is wrong when it cannot be."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from digest_pipeline.claims.punctuation import get_punctuator
from digest_pipeline.encoder import SentenceEncoder, get_embedder
from digest_pipeline.errors import ModelError
from digest_pipeline.model_files import encoder_source
from digest_pipeline.settings import Settings


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
