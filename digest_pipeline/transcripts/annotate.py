"""What is added to a transcript once its words are there, whatever they come from: names of speakers, flags of ads."""

from collections.abc import Collection
from dataclasses import replace

from digest_pipeline.models import Episode, Transcript
from digest_pipeline.transcripts.ads.flags import boilerplate_shingles, flag_ads
from digest_pipeline.transcripts.speakers import name_speakers


def annotate(transcript: Transcript, episode: Episode, earlier_texts: Collection[str]) -> Transcript:
    """The transcript with speakers named where there is evidence, and advertisements flagged with their reasons.

    Args:
        transcript: as read or recognised.
        episode: whose chapters and persons count as evidence.
        earlier_texts: transcripts of other episodes of the feed.
    """
    segments = name_speakers(transcript.segments, episode)
    chapters = episode.chapters if transcript.has_own_times else ()  # estimated times do not meet the real ones
    return replace(transcript, segments=flag_ads(segments, boilerplate_shingles(earlier_texts), chapters))
