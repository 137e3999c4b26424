"""Recognition on real clips with reference words: as good as the bare model, nothing where nobody speaks."""

import json
from pathlib import Path
from typing import Any

import jiwer
import pytest

from digest_pipeline.errors import AudioError, NoSpeech
from digest_pipeline.settings import Settings
from digest_pipeline.transcripts.recognition.recognise import Recognised, recognise
from digest_pipeline.transcripts.recognition.transcriber import Hints
from digest_pipeline.transcripts.recognition.whisper import get_transcriber
from digest_pipeline.words import normalise_words
from tests.conftest import SHARED

CLIPS = SHARED / "data" / "audio"
pytestmark = pytest.mark.skipif(not CLIPS.is_dir(), reason=f"no reference clips at {CLIPS}")
REFERENCES = {
    "jfk.flac": "and so my fellow americans ask not what your country can do for you ask what you can do for your country",
    "jfk.mp3": "and so my fellow americans ask not what your country can do for you ask what you can do for your country",
}
IN_ENGLISH = (
    "Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated"
    " documentation files to deal in the software without restriction, including without limitation the rights to use,"
    " copy, modify, merge, publish, distribute, sublicense and or sell copies of the software, and to permit persons to"
    " whom the software is furnished to do so, subject to the following conditions: The above copyright notice and this"
    " permission notice shall be included in all copies or substantial portions of the software."
)
IN_GERMAN = (
    "Jeden, der diese Software und die dazugehörigen Dokumentationsdateien erhält, wird hiermit unentgeltlich die"
    " Genehmigung erteilt, mit der Software uneingeschränkt zu verfahren. Dies umfasst insbesondere das Recht, die"
    " Software zu verwenden, zu vervielfältigen, zu modifizieren, zusammenzufügen, zu veröffentlichen, zu verteilen,"
    " unterzulizenzieren und oder Kopien der Software zu verkaufen und diese Rechte unter folgenden Bedingungen anderen"
    " zu übertragen."
)


def references() -> dict[Path, str]:
    """Clips with the words that their collections give."""
    rows = json.loads((CLIPS / "speechbrain_asr" / "ASR_dev.json").read_text(encoding="utf-8"))
    found = {CLIPS / "speechbrain_asr" / f"{name}.wav": str(row["words"]).lower() for name, row in rows.items()}
    header, *lines = (CLIPS / "speechbrain_asr" / "ASR_train.csv").read_text(encoding="utf-8").splitlines()
    columns = header.split(",")
    for line in lines:
        row = dict(zip(columns, line.split(","), strict=False))
        found[CLIPS / "speechbrain_asr" / f"{row['ID']}.wav"] = row["wrd"]
    return found | {CLIPS / name: words for name, words in REFERENCES.items()}


def hear(path: Path, settings: Settings, language: str | None = "en", hints: Hints | None = None) -> Recognised:
    return recognise(path, path.name, get_transcriber(settings), settings, language=language, hints=hints)


def text_of(heard: Recognised) -> str:
    return " ".join(segment.text for segment in heard.segments)


def normalised(text: str) -> str:
    return " ".join(normalise_words(text))


@pytest.fixture
def tiny(settings: Settings) -> Settings:
    return settings.model_copy(update={"whisper_model": "tiny.en"})


@pytest.fixture
def base(settings: Settings, session_home: Path) -> Settings:
    return settings.model_copy(update={"home": session_home, "whisper_model": "base"})


def test_word_error_rate_is_the_bare_models(tiny: Settings) -> None:
    transcriber: Any = get_transcriber(tiny)
    wanted, ours, bare = [], [], []
    for path, words in sorted(references().items()):
        segments, _ = transcriber._pipeline.transcribe(str(path), language="en", **transcriber._options)
        bare.append(normalised(" ".join(segment.text for segment in segments)))
        ours.append(normalised(text_of(hear(path, tiny))))
        wanted.append(normalised(words))
    assert len(wanted) >= 6
    assert jiwer.wer(wanted, ours) == jiwer.wer(wanted, bare)
    assert jiwer.wer(wanted, ours) < 0.5


@pytest.mark.parametrize("name", ["empty.mp3", "empty.wav"])
def test_clips_in_which_nobody_speaks_give_no_text(name: str, tiny: Settings) -> None:
    with pytest.raises(NoSpeech):
        hear(CLIPS / "no-speech" / name, tiny)


def test_both_languages_of_a_clip_are_kept_where_each_segment_is_detected(base: Settings) -> None:
    mixed = base.model_copy(update={"whisper_language": "segment"})
    words = normalise_words(text_of(hear(CLIPS / "multilingual.mp3", mixed, language=None)))
    assert words.count("jeden") == 1
    border = words.index("jeden")
    for said, heard, most in ((IN_ENGLISH, words[:border], 0.05), (IN_GERMAN, words[border:], 0.2)):
        assert jiwer.wer(normalised(said), " ".join(heard)) < most  # a word or two are spelt by ear, another by machine


def test_hot_words_are_spelt_as_the_feed_spells_them(base: Settings) -> None:
    path = CLIPS / "hotwords.mp3"
    assert "ComfyUI" not in text_of(hear(path, base))
    assert "ComfyUI" in text_of(hear(path, base, hints=Hints(hotwords="ComfyUI")))


def test_every_word_has_its_time(tiny: Settings) -> None:
    heard = hear(CLIPS / "jfk.flac", tiny)
    for segment in heard.segments:
        assert len(segment.word_times) == len(segment.text.split())
        flat = [time for pair in segment.word_times for time in pair]
        assert flat == sorted(flat)
    words = {normalised(w): t for s in heard.segments for w, t in zip(s.text.split(), s.word_times, strict=True)}
    assert words["americans"][0] == pytest.approx(1.5, abs=0.4)
    assert words["ask"][0] == pytest.approx(8.2, abs=0.5)


def test_another_language_than_the_models_is_refused_by_name(tiny: Settings) -> None:
    with pytest.raises(AudioError, match="'de'.*English only"):
        hear(CLIPS / "multilingual.mp3", tiny, language="de")
