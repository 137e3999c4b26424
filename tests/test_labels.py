"""Who speaks, as transcripts of the wild write it: a name that is not seen gives its words to whoever spoke before."""

import pytest

from digest_pipeline.transcripts.publisher.choice import parse_transcript

ANN = "the queue for the grid is longer than the grid itself"
BOB = "and most of what stands in it will never be built"


def said(body: str, kind: str = "text") -> list[tuple[str | None, str]]:
    return [(s.speaker, s.text) for s in parse_transcript(body.encode(), kind).segments]


def turns(first: str, second: str) -> list[tuple[str | None, str]]:
    return [(first, ANN), (second, BOB)] * 3


@pytest.mark.parametrize(
    "name",
    ["Prof. Bob Ray Jr.", "Mrs. Ray", "Neil deGrasse Tyson", "Jean-Luc d'Arc", "Ana dos Santos", "Bob Ray, Guest",
     "MARY LOUISE KELLY, HOST", "Bob (host)", "Bob Ray (he/him)"],
)  # fmt: skip
def test_names_with_titles_small_letters_and_roles_are_seen(name: str) -> None:
    assert said("\n\n".join([f"Ann Lee: {ANN}", f"{name}: {BOB}"] * 3)) == turns("Ann Lee", name)


@pytest.mark.parametrize("opening", ["In the end", "Yesterday, Bob", "Right. Bob", "It is what it is"])
def test_what_opens_a_sentence_is_no_name_however_often_it_does(opening: str) -> None:
    body = "\n\n".join([f"Ann Lee: {ANN}", f"{opening}: {BOB}"] * 3)
    assert said(body) == [("Ann Lee", ANN), ("Ann Lee", f"{opening}: {BOB}")] * 3


def test_the_brackets_around_a_name_are_not_part_of_it() -> None:
    page = f"<p>00:00:03 [Ann Lee]: {ANN}</p><p>00:00:15 [Bob Ray]: {BOB}</p>"
    assert said(page * 3, "html") == turns("Ann Lee", "Bob Ray")


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("".join(f"<p><b>{{}}</b><br>{w}</p>" for w in (ANN, BOB)), "html"),
        ("".join(f"<h4>{{}}</h4><p>{w}</p>" for w in (ANN, BOB)), "html"),
        ("".join(f"<dl><dt>{{}}</dt><dd>{w}</dd></dl>" for w in (ANN, BOB)), "html"),
        ("".join(f"{{}}\n{w}\n\n" for w in (ANN, BOB)), "text"),
        ("".join(f"00:00:03 {{}}\n{w}\n\n" for w in (ANN, BOB)), "text"),  # Word
        ("".join(f"00:00:03:12 - 00:00:14:02\n{{}}\n{w}\n\n" for w in (ANN, BOB)), "text"),  # Premiere
    ],
)
def test_names_in_lines_of_their_own_are_not_among_the_words(body: str, kind: str) -> None:
    assert said(body.format("Ann Lee", "Speaker 2") * 3, kind) == turns("Ann Lee", "Speaker 2")


@pytest.mark.parametrize(("head", "kind"), [("<h4>{}</h4><p>{}</p>", "html"), ("{}\n{}\n\n", "text")])
def test_what_stands_under_a_name_that_comes_once_is_nobodys(head: str, kind: str) -> None:
    body = "".join(head.format(name, ANN) for name in [*("Ann Lee", "Bob Ray") * 3, "Cy Poe", "Ann Lee"])
    assert said(body, kind) == [(name, ANN) for name in [*("Ann Lee", "Bob Ray") * 3, None, "Ann Lee"]]


@pytest.mark.parametrize("name", ["*{}:*", "*{}*:", "***{}:***", "***{}***:", "_{}_:", "_**{}**_:"])
def test_names_in_any_emphasis_are_not_among_the_words(name: str) -> None:
    body = "".join(f"{name.format(who)} {w}\n\n" for who, w in (("Ann Lee", ANN), ("Bob Ray", BOB)))
    assert said(body * 3, "text") == turns("Ann Lee", "Bob Ray")


@pytest.mark.parametrize(
    ("head", "speaker", "said_too"),
    [
        *(("Narrator: ", "Narrator", ""), ("audience member: ", "audience member", ""), ("Cher: ", None, "Cher: ")),
        *(("**Cher:** ", None, "Cher: "), ("Monday: ", "Ann Lee", "Monday: ")),
    ],
)
def test_whoever_speaks_once_gets_nobody_elses_name(head: str, speaker: str | None, said_too: str) -> None:
    name = "**{}:** " if head.startswith("**") else "{}: "
    others = [(who, f"{name.format(who)}{ANN}\n\n{BOB}\n\n") for who in ("Ann Lee", "Bob Ray") * 3]
    body = "".join([text for _, text in [*others, others[0]]] + [f"{head}{ANN}\n\n", others[1][1]])
    found = [turn for turn in said(body, "text") if turn[1].endswith(ANN)]
    assert found[-2] == (speaker, f"{said_too}{ANN}")


def test_where_names_are_strong_plain_letters_name_nobody_and_a_strong_line_may_be_no_name() -> None:
    """As shows write their transcripts in Markdown: what is read out names its author, and a break is a heading."""
    body = (
        f"**Ann Lee:**\n\n{ANN}\n\nCy Poe:\n\n> {BOB}\n\nIn November: {ANN}\n\n**Break:**\n\n{BOB}\n\n"
        f"**Bob Ray:** {BOB}\n\n**Ann Lee:** Yes. \\[laughs\\]\n\n**Bob Ray:** **Never** say it."
    )
    assert said(body) == [
        ("Ann Lee", ANN), ("Ann Lee", "Cy Poe:"), ("Ann Lee", BOB), ("Ann Lee", f"In November: {ANN}"), (None, BOB),
        ("Bob Ray", BOB), ("Ann Lee", "Yes. [laughs]"), ("Bob Ray", "Never say it."),
    ]  # fmt: skip


def test_a_line_that_only_one_name_fills_may_be_a_heading_or_an_answer() -> None:
    assert said(f"Ad Break\n\n{ANN}\n\n" * 3) == [(None, "Ad Break"), (None, ANN)] * 3
    names = ["Ann Lee", "Bob Ray"] * 3
    srt = "\n\n".join(f"{i}\n00:00:{i:02d},000 --> 00:00:{i:02d},900\n{name}" for i, name in enumerate(names, 1))
    assert said(f"{srt}\n\n7\n00:00:07,000 --> 00:00:09,900\n{ANN} {BOB}", "srt")[:-1] == [(None, n) for n in names]


def test_marks_of_direction_and_soft_hyphens_hide_no_name_and_no_word() -> None:
    heads = ["\u200fדנה: ", "\u202bיוסי\u202c: "]
    assert said("\n\n".join([f"{heads[0]}{ANN}", f"{heads[1]}{BOB}\u200f"] * 3)) == turns("דנה", "יוסי")
    assert said(f"<p>{ANN} {BOB.replace('never', 'nev&shy;er')}</p>", "html") == [(None, f"{ANN} {BOB}")]


def captions(texts: list[str]) -> str:
    return "\n\n".join(f"00:{i:02d}.000 --> 00:{i:02d}.900\n{text}" for i, text in enumerate(texts))


@pytest.mark.parametrize(("head", "kind"), [("WEBVTT\n\n", "vtt"), ("", "srt")])
def test_a_dash_in_captions_is_a_change_of_speaker(head: str, kind: str) -> None:
    body = head + captions(
        [f"Ann: {ANN}", f"- {BOB}\n-Is it?", f"- Ann: {ANN}\nand\n- Bob: {BOB}", f"Bob: half\n- {ANN}"]
    )
    assert said(body, kind) == [
        ("Ann", ANN), (None, BOB), (None, "Is it?"), ("Ann", f"{ANN} and"), ("Bob", BOB), ("Bob", f"half - {ANN}"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "sound", ["[music]", "(applause)", "*laughs*", "♪ la la ♪", "♪ [music]", "[laughs] (applause)"]
)
def test_a_cue_of_sounds_alone_is_not_among_the_words(sound: str) -> None:
    assert said(f"Ann Lee: {ANN}\n\n{sound}\n\nBob Ray: {BOB}\n\n{sound}\n\nAnn Lee: Yes. {sound}") == [
        ("Ann Lee", ANN), ("Bob Ray", BOB), ("Ann Lee", f"Yes. {sound}"),
    ]  # fmt: skip
    assert said(f"Ann Lee: {ANN}\n\nBob Ray: {BOB}\n\n{sound * 8_000} Yes.")[-1][1].endswith("Yes.")  # in time
