"""Clarity: how a claim reads to somebody who sees its headline, explanation and quote alone."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from bench.worthiness import headlines as training
from bench.worthiness.episodes import read_windows, words_in
from bench.worthiness.headlines import Examples, Judged, day_figures, digest_of, held_out
from bench.worthiness.written import CLAIMS, written_claims
from digest_pipeline.claims.models.clarity import MARKS, Shown, clarity_matrix, clarity_of, joined, load_clarity
from digest_pipeline.claims.models.clarity_rater import get_clarity_rater
from digest_pipeline.claims.wording import plainness, worded
from digest_pipeline.encoder import LayeredEmbedder, Vectors
from digest_pipeline.evaluation.evaluate import trained_on
from digest_pipeline.settings import Settings
from tests.test_reranker import small_encoder

CLEAR = "Ports that charge trucks by the hour cut the queue at noon by half, because drivers come at night instead."
OF_MANY_FIELDS = (
    CLEAR,
    "Hospitals that wash hands twice as often lose a third fewer patients to infections.",
    "Tomatoes that get less water before the harvest taste sweeter, because the sugar is not thinned.",
    "Central banks raise rates too late because inflation data arrive with a delay of two months.",
    "Teachers who ask fewer questions and wait longer get twice as many answers from shy pupils.",
    "Cities that removed parking minimums built a third more homes within five years.",
)
UNCLEAR = (
    "And then he was like, well, that's the one that they did with it the other day.",
    "You know, gone three to five days or something like that is alright time to stop thinking like this and.",
    "We had that on the show, and I loved it when she said it.",
    "I remember my brother telling me about his garden, and we laughed for an hour.",
    "So the nurse said to me, you should do this and not that, and I did.",
    "If you take that and put it over there then this whole thing goes away basically.",
)


def shown(headline: str) -> Shown:
    return Shown(headline, "", headline)


def test_claims_of_any_field_are_clearer_than_scraps_of_talk(embedder: LayeredEmbedder) -> None:
    """The verdicts are on talk of software, productivity and bitcoin; the wording has to carry over."""
    clear = clarity_of([shown(text) for text in OF_MANY_FIELDS], embedder, Settings())
    scraps = clarity_of([shown(text) for text in UNCLEAR], embedder, Settings())
    least = Settings().min_clarity
    assert clear.min() > least > scraps.max()


def test_claims_of_subjects_and_a_writer_that_it_has_not_seen_are_told_apart(embedder: LayeredEmbedder) -> None:
    unseen = [claim for claim in written_claims() if claim.is_measured]
    assert len(unseen) == 2 * 156
    rated = clarity_of([claim.shown for claim in unseen], embedder, Settings())
    stands = np.array([claim.stands for claim in unseen])
    assert roc_auc_score(stands, rated) > 0.85


def test_the_written_claims_share_no_subject_between_writers() -> None:
    writers: dict[str, set[int]] = {}
    for row in read_windows(CLAIMS):
        writers.setdefault(row["subject"], set()).add(row["writer"])
    assert len(writers) == 52
    assert all(len(own) == 1 for own in writers.values())


def test_nothing_to_read_asks_no_encoder(embedder: LayeredEmbedder) -> None:
    assert clarity_of([], embedder, Settings()).shape == (0,)


class Narrow:
    """An encoder of another width."""

    name = "narrow"

    def embed(self, texts: Sequence[str]) -> Vectors:
        return np.ones((len(texts), 4), dtype=np.float32)

    def embed_layers(self, texts: Sequence[str]) -> tuple[Vectors, Vectors]:
        return self.embed(texts), np.ones((len(texts), 12), dtype=np.float32)


def test_with_another_encoder_the_rules_decide() -> None:
    claims = [shown(text) for text in (CLEAR, *UNCLEAR)]
    assert clarity_of(claims, Narrow(), Settings()).tolist() == [plainness(c.headline, c.quote) for c in claims]


def test_with_an_encoder_of_as_wide_but_other_layers_the_rules_decide(
    embedder: LayeredEmbedder, tmp_path: Path
) -> None:
    """Such as a multilingual one: a language model's claims are clustered with it, and the day goes on."""
    small_encoder(tmp_path, width=384)
    claims = [shown(text) for text in (CLEAR, *UNCLEAR)]
    rated = clarity_of(claims, embedder, Settings(encoder_model=str(tmp_path)))
    assert rated.tolist() == [plainness(c.headline, c.quote) for c in claims]


def test_the_weights_belong_to_the_marks_and_the_wording(embedder: LayeredEmbedder) -> None:
    _, wording = embedder.embed_layers([CLEAR])
    matrix = clarity_matrix([shown(CLEAR)], wording)
    model = load_clarity()
    assert matrix.shape == (1, len(MARKS) + wording.shape[1]) == (1, len(model.mean))
    assert np.isfinite(matrix).all()
    rated = get_clarity_rater(Settings()).rate([(CLEAR, "")])
    assert clarity_of([shown(CLEAR)], embedder, Settings()) == pytest.approx(joined(model.log_odds(matrix), rated))


def test_every_verdict_is_of_an_episode_that_is_known_to_be_trained_on() -> None:
    rows = read_windows(training.VERDICTS)
    assert {row["episode"] for row in rows} <= trained_on()
    verdicts = [verdict for row in rows for verdict in row["verdicts"]]
    assert {verdict["score"] for verdict in verdicts} == {0, 1, 2, 3}
    assert all((verdict["flaw"] is None) == (verdict["score"] >= training.GOOD) for verdict in verdicts)


def judged(episode: str, show: str, score: int, worthiness: float = 0.5) -> Judged:
    return Judged(episode, show, "raw", shown(CLEAR), worthiness, score, None, None)


def test_a_show_is_rated_by_a_model_that_has_not_seen_it() -> None:
    """One show's verdicts are the reverse of the others': its ratings follow the others, not its own."""
    signal = np.array([[-1.0], [1.0]] * 30)
    claims = [
        judged(f"{show}-{n}", show, int((n % 2 == 1) != (show == "c"))) for show in ("a", "b", "c") for n in range(20)
    ]
    examples = Examples(signal, np.array([claim.score >= training.STANDS for claim in claims]))
    rated = held_out(claims, examples, examples.of(np.zeros(60, dtype=bool)))
    assert (rated[40:][signal[40:, 0] > 0] > 0).all()
    assert (rated[40:][signal[40:, 0] < 0] < 0).all()


def test_a_made_up_day_takes_two_of_an_episode_at_most() -> None:
    claims = [judged("good", "a", 3)] * 9 + [judged("poor", "b", 0)] * 9 + [judged("fair", "c", 2)]
    rating = np.arange(len(claims), 0, -1.0)
    both = [
        *claims,
        *(Judged(c.episode, c.show, "published", c.shown, c.worthiness, c.score, None, None) for c in claims),
    ]
    assert day_figures(both, np.tile(rating, 2), 3) == "good 0.600, must not be sent 0.400"


def test_a_verdict_is_of_a_wording_that_the_span_can_still_have(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The headline may be any of the span's sentences; what is worded otherwise or not at hand is counted."""
    later = "A fee of forty dollars at noon did more for the air than a ban would have done."
    file = tmp_path / "show--episode.jsonl"
    file.write_text(json.dumps({"id": 0, "speaker": "Ana", "text": f"{CLEAR} {later}"}), encoding="utf-8")
    file.with_suffix(".labels.jsonl").write_text("", encoding="utf-8")
    sentences = [CLEAR, later]
    place = {"start_word": 0, "words": len(words_in(file, "published")), "sentences": [0, len(CLEAR) + 1]}
    verdict = {**place, "worthiness": 0.5, "flaw": None, "reader": 1}
    verdicts = [
        verdict | {"wording": digest_of(worded(sentences, 1)), "score": 2},
        verdict | {"wording": digest_of(worded(sentences, 1)), "score": 0, "flaw": "obvious", "reader": 2},
        verdict | {"wording": "another one", "score": 3},
    ]
    rows = [{"episode": name, "view": "published", "verdicts": verdicts} for name in (file.stem, "show--missing")]
    monkeypatch.setattr(training, "VERDICTS", tmp_path / "verdicts")
    training.VERDICTS.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    (claim,) = training.judged_claims([tmp_path])
    assert (claim.show, claim.score, claim.again) == ("show", 2, 0)
    assert (claim.shown.headline, claim.shown.explanation) == (later, CLEAR)
    assert "1 views of episodes that are not at hand; 1 claims are worded otherwise" in capsys.readouterr().out
