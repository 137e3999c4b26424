"""Long recognised windows become phrases that can be flagged and quoted one by one."""

from hypothesis import given
from hypothesis import strategies as st

from digest_pipeline.models import Segment
from digest_pipeline.transcripts.recognition.phrases import LONGEST_WORDS, phrases_of


def window(text: str) -> Segment:
    times = tuple((float(n), n + 0.5) for n, _ in enumerate(text.split()))
    return Segment(0, 0.0, float(len(times)), None, text, doubt="heard twice", word_times=times)


def test_a_window_is_cut_where_sentences_end() -> None:
    phrases = list(phrases_of(window("Dr. Askari was late. Why? He missed the train, he said. Use the code eight")))
    assert [p.text for p in phrases] == [
        "Dr. Askari was late.",
        "Why? He missed the train, he said.",
        "Use the code eight",
    ]
    assert [(p.start_seconds, p.end_seconds) for p in phrases] == [(0.0, 3.5), (4.0, 10.5), (11.0, 14.5)]
    assert {p.doubt for p in phrases} == {"heard twice"}


def test_words_without_times_stay_together() -> None:
    whole = Segment(0, 0.0, 30.0, None, "One sentence here. Another one there.")
    assert list(phrases_of(whole)) == [whole]


@given(st.lists(st.sampled_from(["so", "the", "grid,", "fails.", "why?"]), min_size=1, max_size=200))
def test_no_word_is_lost_and_no_phrase_is_long(words: list[str]) -> None:
    whole = window(" ".join(words))
    phrases = list(phrases_of(whole))
    assert " ".join(p.text for p in phrases) == whole.text
    assert tuple(t for p in phrases for t in p.word_times or ()) == whole.word_times
    assert all(len(p.text.split()) <= LONGEST_WORDS for p in phrases)
