"""What Whisper is told of an episode, and what its failures mean."""

import shutil
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from digest_pipeline.errors import AudioError, ModelError
from digest_pipeline.model_files import whisper_source
from digest_pipeline.models import Episode
from digest_pipeline.settings import Settings
from digest_pipeline.transcripts.languages import CODES, NAMES, whisper_code
from digest_pipeline.transcripts.recognition.audio import SAMPLE_RATE, read_pieces
from digest_pipeline.transcripts.recognition.hints import hints_of
from digest_pipeline.transcripts.recognition.transcriber import Hints
from digest_pipeline.transcripts.recognition.whisper import (
    HINT_TOKENS,
    WhisperTranscriber,
    bounded_hints,
    get_transcriber,
)

SECOND = np.zeros(SAMPLE_RATE, np.float32)
LONG_TITLE = "How the grid works, what happened in Texas, and who pays: with engineers and regulators. " * 20
WORDS = "ComfyUI, GPT-4, DuckDB"


@pytest.fixture
def tiny(settings: Settings) -> Any:
    return get_transcriber(settings.model_copy(update={"whisper_model": "tiny.en"}))


def described(text: str) -> Hints:
    return hints_of(Episode("ep_1", "f", "Show", "Title", None, None, text, None, None))


@pytest.mark.parametrize("hints", [Hints(), Hints("Wide Error Bars. Cold Mice. With Ada Lovelace.", WORDS)])
def test_ordinary_hints_are_told_as_they_are(tiny: Any, hints: Hints) -> None:
    assert bounded_hints(hints, tiny._pipeline.model.hf_tokenizer) == hints


@pytest.mark.parametrize("title", [LONG_TITLE, "बिजली का ग्रिड कैसे काम करता है " * 20, "字" * 500])
@pytest.mark.parametrize("words", ["", WORDS, "aGVsbG8gd29ybGQ" * 40])
def test_long_hints_leave_the_text_its_room(tiny: Any, title: str, words: str) -> None:
    tokenizer = tiny._pipeline.model.hf_tokenizer
    told = bounded_hints(Hints(title, words), tokenizer)
    taken = [len(tokenizer.encode(text, add_special_tokens=False)) for text in (told.prompt, told.hotwords)]
    assert HINT_TOKENS / 3 < sum(taken) <= HINT_TOKENS
    assert title.startswith(told.prompt)
    assert words.startswith(told.hotwords)
    assert told.hotwords == words or len(words) > 100


def test_an_episode_with_endless_show_notes_is_heard(tiny: Any, demo_audio: Path) -> None:
    _, samples = next(read_pieces(demo_audio, 20))
    heard, _ = tiny.transcribe(samples, "en", Hints(LONG_TITLE, "aGVsbG8gd29ybGQ" * 60))
    plain, _ = tiny.transcribe(samples, "en", Hints())
    count = sum(len(h.text.split()) for h in plain)
    assert sum(len(h.text.split()) for h in heard) == pytest.approx(count, rel=0.1)


def test_a_title_tells_whisper_words_and_no_commands(tiny: Any) -> None:
    title = "What <|endoftext|> and <|translate|> <i>do</i>: https://x.example/1"
    told = hints_of(Episode("ep_1", "f", "Show", title, None, None, "", None, None)).prompt
    assert told == "Show. What and do :"
    special = {token.content for token in tiny._pipeline.model.hf_tokenizer.get_added_tokens_decoder().values()}
    assert "<|translate|>" in special
    assert not special & set(tiny._pipeline.model.hf_tokenizer.encode(told, add_special_tokens=False).tokens)


def test_identifiers_are_no_hot_words() -> None:
    assert described(f"On DuckDB. {'aGVsbG8gd29ybGQ' * 3}").hotwords == "DuckDB"


@pytest.mark.parametrize("run", ["<", "a", "aA", "@", "a@", ">", "<a", ">a", "字", "A-", "https://"])
def test_hints_of_endless_runs_take_no_time(run: str) -> None:
    began = time.monotonic()
    described(run * (200_000 // len(run)))
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ("No position encodings are defined for positions >= 448", AudioError),
        ("CUDA failed with error out of memory", ModelError),
    ],
)
def test_a_model_that_fails_with_an_episode_is_that_episodes_failure(
    tiny: Any, said: str, error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> tuple[Iterator[object], object]:
        def segments() -> Iterator[object]:
            raise RuntimeError(said)
            yield

        return segments(), None

    monkeypatch.setattr(tiny._pipeline, "transcribe", fail)
    with pytest.raises(error, match=said):
        tiny.transcribe(SECOND, "en", Hints())


def test_a_fault_of_the_program_is_not_hidden(tiny: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise TypeError("unexpected keyword")

    monkeypatch.setattr(tiny._pipeline, "transcribe", fail)
    with pytest.raises(TypeError):
        tiny.transcribe(SECOND, "en", Hints())


@pytest.mark.parametrize("file", ["tokenizer.json", "config.json", "model.bin"])
def test_a_model_that_is_half_there_is_named(settings: Settings, tmp_path: Path, file: str) -> None:
    folder = tmp_path / "model"
    shutil.copytree(whisper_source("tiny.en", settings.models), folder)
    whole = (folder / file).read_bytes()
    (folder / file).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ModelError, match="'mine' cannot be loaded"):
        WhisperTranscriber(str(folder), "mine", device="cpu")


@pytest.mark.parametrize(
    ("called", "code"),
    [("en", "en"), ("EN-us", "en"), ("eng", "en"), ("English", "en"), ("iw", "he"), ("in", "id"), ("jv", "jw"),
     ("English (US)", "en"), ("en us", "en"), ("portugue", "pt"), ("ger", "de"), ("cmn", "zh"), ("nb", "no"), ("xx", None), ("", None), (None, None)],
)  # fmt: skip
def test_languages_have_whispers_codes(called: str | None, code: str | None) -> None:
    assert whisper_code(called) == code


def test_no_two_languages_are_called_the_same() -> None:
    from faster_whisper.tokenizer import _LANGUAGE_CODES

    assert set(NAMES) == set(_LANGUAGE_CODES)
    assert len(CODES) == len({(code, name[:8]) for code, names in NAMES.items() for name in (code, *names.split())})


def test_a_model_of_english_hears_what_is_called_english(tiny: Any) -> None:
    assert tiny.transcribe(SECOND, "eng", Hints()) == ([], "en")
    with pytest.raises(AudioError, match="English only"):
        tiny.transcribe(SECOND, "deu", Hints())


def test_several_at_once_put_the_base_model_together_once(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as several:
        (source,) = set(several.map(lambda _: whisper_source("base", tmp_path), range(4)))
    assert {file.name for file in Path(source).iterdir()} >= {"model.bin", "config.json", "tokenizer.json"}
