"""What a feed says of an episode that helps to hear it: show, title, people, and words of unusual spelling.

Whisper takes a prompt as if it had been said before (Radford et al. 2022, section 2.3), so names in it come out as they
are written there, and its style is carried on: whole sentences with their punctuation do good, bare lists of common
words do harm. Therefore only what no spelling rule gives becomes a hot word.
"""

import re

from digest_pipeline.models import Episode
from digest_pipeline.transcripts.recognition.transcriber import Hints

MAX_PEOPLE = 6
MAX_HOTWORDS = 12
MAX_LETTERS = 30  # of a hot word: a longer run is an identifier, or a line in a script without spaces
# A capital inside (ComfyUI, mRNA, DuckDB), or a digit after capitals (GPT-4, H100).
UNUSUAL = re.compile(r"\b(?:[A-Za-z]*[a-z][A-Z][\w-]*|[A-Z]+-?\d+\w*)")
# Tags, and what Whisper takes for commands (<|endoftext|>), addresses of pages and of people.
# Each alternative begins where no other match of it can, else a long run of one letter takes minutes.
NOT_PROSE = re.compile(r"<[^<>]+>|https?://\S+|(?<![^\s>])[^\s@>]+@\S+")


def hints_of(episode: Episode) -> Hints:
    """A prompt of one or two sentences, and hot words."""
    prompt = f"{episode.show}. {episode.title}."
    if people := [person.name for person in episode.persons[:MAX_PEOPLE]]:
        prompt += f" With {', '.join(people)}."
    prompt = " ".join(NOT_PROSE.sub(" ", prompt).split())
    unusual = dict.fromkeys(UNUSUAL.findall(NOT_PROSE.sub(" ", episode.description)))
    words = [word for word in unusual if word not in prompt and len(word) <= MAX_LETTERS]
    return Hints(prompt, ", ".join(words[:MAX_HOTWORDS]))
