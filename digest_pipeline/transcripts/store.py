"""What the transcripts stage keeps and asks: transcripts, segments, and how alike two talks are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import duckdb
import polars as pl

from digest_pipeline.models import Segment, Transcript
from digest_pipeline.transcripts.fingerprint import SAME_TALK, SKETCH_SIZE, fingerprint, similarity
from digest_pipeline.transcripts.transcribe import Outcome, SameTalk
from digest_pipeline.warehouse import Warehouse
from digest_pipeline.words import readable

MOST_DAYS_OFF = 7  # after an episode came out: a host that asks for a rest each day will not change any more
EARLIER_EPISODES = 8  # of a feed, whose words count as boilerplate when they come again


class TalkHistory:
    """What was said before, asked one short connection at a time, since a model computes between the questions."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse

    def with_audio(self, audio_sha256: str, episode_id: str) -> str | None:
        """Another episode with the very same file."""
        with self._warehouse.read() as con:
            rows = con.execute(
                "select episode_id from raw.transcripts where audio_sha256 = ? and episode_id <> ? order by episode_id",
                [audio_sha256, episode_id],
            ).fetchall()
        return rows[0][0] if rows else None

    def with_same_talk(self, transcript: Transcript) -> SameTalk | None:
        """Another episode that says the same."""
        sketch = fingerprint(transcript.segments)
        if len(sketch) < SKETCH_SIZE:
            return None  # too short to tell from its boilerplate
        with self._warehouse.read() as con:
            rows = con.execute(
                "select t.episode_id, e.feed_url, t.fingerprint"
                " from raw.transcripts t join raw.episodes e using (episode_id)"
                " where t.episode_id <> ? and e.status = 'transcribed' and t.word_count between ? and ?"
                " and len(list_intersect(t.fingerprint, ?::ubigint[])) >= ?",
                [
                    transcript.episode_id,
                    int(transcript.word_count * 0.6),
                    int(transcript.word_count / 0.6) + 1,
                    sketch,
                    SKETCH_SIZE // 4,
                ],
            ).fetchall()
        alike = [SameTalk(episode_id, feed_url, similarity(sketch, other)) for episode_id, feed_url, other in rows]
        most = max(alike, key=lambda same: (same.similarity, same.episode_id), default=None)
        return most if most and most.similarity >= SAME_TALK else None

    def earlier_texts(self, feed_url: str, episode_id: str) -> list[str]:
        """The latest transcripts of a feed's other episodes, one text each."""
        with self._warehouse.read() as con:
            rows = con.execute(
                "with earlier as ("
                " select episode_id from raw.episodes"
                " where feed_url = ? and episode_id <> ? and status = 'transcribed'"
                " order by published_at desc, episode_id limit ?)"
                " select string_agg(s.text, ' ' order by s.position)"
                " from raw.transcript_segments s join earlier using (episode_id) group by s.episode_id",
                [feed_url, episode_id, EARLIER_EPISODES],
            ).fetchall()
        return [text for (text,) in rows]


SAVE_STATUS = """
update raw.episodes set
    status = case when $status = 'failed' and tried >= $max_attempts then 'unusable' else $status end,
    status_reason = case
        when $status = 'failed' and tried >= $max_attempts then 'set aside after ' || tried || ' days: ' || $reason
        else $reason
    end,
    attempts = tried,
    retry_on = case
        when is_put_off then $day + to_days(1)
        when $status = 'failed' and tried < $max_attempts then $day + to_days(pow(2, tried - 1)::integer)
    end
from (
    -- a day counts once, however often it is run
    select
        $is_put_off and coalesce(available_at >= $day - to_days($most_days_off), false) as is_put_off,
        attempts + ($status = 'failed' and not is_put_off and coalesce(retry_on, $day) <= $day)::integer as tried
    from raw.episodes where episode_id = $episode_id
)
where episode_id = $episode_id
"""


def save_outcome(warehouse: Warehouse, outcome: Outcome, day: date, *, max_attempts: int) -> None:
    """Store what became of an episode in one transaction: transcript, segments and status, or why it failed.

    A failed episode is tried again 1, 2, 4, ... days later. After ``max_attempts`` days it is set aside as unusable,
    with the last reason. One that its host put off is tried on the next day, and that day does not count.
    """
    with warehouse.write() as con:
        if outcome.transcript:
            _save_transcript(con, outcome.transcript)
        con.execute(
            SAVE_STATUS,
            {
                "status": outcome.status,
                "reason": outcome.reason and readable(outcome.reason),  # it may name a file
                "is_put_off": outcome.is_put_off,
                "most_days_off": MOST_DAYS_OFF,
                "day": day,
                "max_attempts": max_attempts,
                "episode_id": outcome.episode.episode_id,
            },
        )


def load_segments(warehouse: Warehouse, episode_id: str) -> tuple[Segment, ...]:
    """The segments of an episode, in order."""
    with warehouse.read() as con:
        rows = con.execute(
            "select position, start_seconds, end_seconds, speaker, text, is_ad, ad_reason, doubt, word_times"
            " from raw.transcript_segments where episode_id = ? order by position",
            [episode_id],
        ).fetchall()
    return tuple(Segment(*(*row[:8], tuple((start, end) for start, end in row[8] or ()))) for row in rows)


def _save_transcript(con: duckdb.DuckDBPyConnection, transcript: Transcript) -> None:
    con.execute("delete from raw.transcript_segments where episode_id = ?", [transcript.episode_id])
    con.execute("delete from raw.transcripts where episode_id = ?", [transcript.episode_id])
    con.execute(
        "insert into raw.transcripts (episode_id, source, model, language, word_count, audio_sha256,"
        " audio_seconds, real_time_factor, fingerprint, note, has_own_times, unheard_seconds, spoken_seconds,"
        " ad_seconds) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            transcript.episode_id, transcript.source, transcript.model, transcript.language, transcript.word_count,
            transcript.audio_sha256, transcript.audio_seconds, transcript.real_time_factor,
            fingerprint(transcript.segments), transcript.note, transcript.has_own_times, transcript.unheard_seconds,
            *_seconds(transcript.segments),
        ],
    )  # fmt: skip
    segments = pl.DataFrame(  # noqa: F841 - DuckDB reads it by its name
        [
            (
                transcript.episode_id, s.position, s.start_seconds, s.end_seconds, s.speaker, s.text, s.is_ad,
                s.ad_reason, s.doubt, [list(times) for times in s.word_times] or None,
            )
            for s in transcript.segments
        ],
        schema={
            "episode_id": pl.String, "position": pl.Int32, "start_seconds": pl.Float64, "end_seconds": pl.Float64,
            "speaker": pl.String, "text": pl.String, "is_ad": pl.Boolean, "ad_reason": pl.String, "doubt": pl.String,
            "word_times": pl.List(pl.List(pl.Float64)),
        },
        orient="row",
    )  # fmt: skip
    con.execute("insert into raw.transcript_segments by name select * from segments")


def _seconds(segments: Sequence[Segment]) -> tuple[float | None, float | None]:
    """Where the last segment ends, and how much is flagged as advertisement or boilerplate. The marts ask for both when
    the segments may have been removed.
    """
    if not segments:
        return None, None
    return max(s.end_seconds for s in segments), sum(s.end_seconds - s.start_seconds for s in segments if s.is_ad)


@dataclass(frozen=True, slots=True)
class DayReport:
    """What transcription made of a day. ``rows``: show, title, source, words, ad share, status, note."""

    rows: list[tuple[object, ...]]
    failures: list[tuple[str, str]]
    transcribed: int
    by_whisper: int
    duplicates: int
    whisper_minutes: float
    real_time_factor: float | None
    ad_share: float


def day_report(con: duckdb.DuckDBPyConnection, day: date) -> DayReport:
    """The day's episodes and where their words come from."""
    rows = con.execute(
        "select coalesce(f.title, f.shown_url), e.title, t.source, t.word_count,"
        " t.ad_seconds / nullif(t.spoken_seconds, 0), e.status, coalesce(e.status_reason, t.note), t.audio_seconds,"
        " t.real_time_factor, t.ad_seconds, t.spoken_seconds"
        " from raw.episodes e left join raw.feeds f using (feed_url) left join raw.transcripts t using (episode_id)"
        " where e.digest_date = ? order by e.published_at, e.episode_id",
        [day],
    ).fetchall()
    heard = [row for row in rows if row[2] == "asr"]
    timed = [(row[7], row[8]) for row in heard if row[8]]
    ads, spoken = (sum(row[column] or 0 for row in rows) for column in (9, 10))
    return DayReport(
        rows=[row[:7] for row in rows],
        failures=[(f"{row[0]} · {row[1]}", row[6] or "") for row in rows if row[5] in ("failed", "unusable")],
        transcribed=sum(row[5] == "transcribed" for row in rows),
        by_whisper=len(heard),
        duplicates=sum(row[5] == "duplicate" for row in rows),
        whisper_minutes=sum(row[7] or 0 for row in heard) / 60,
        real_time_factor=sum(s * f for s, f in timed) / sum(s for s, _ in timed) if timed else None,
        ad_share=ads / spoken if spoken else 0.0,
    )
