"""What is kept how long: audio and transcripts go after the days that the settings give them."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from digest_pipeline.settings import Settings
from digest_pipeline.warehouse.choice import warehouse_of

MOST_LOG_BYTES = 10_000_000
# A claim, its quote and what was said around a published one are stored by themselves, and stay. A day whose run died,
# or was of long ago from its beginning, needs its words until its digest is out.
OLD_SEGMENTS = """
from raw.transcript_segments
where episode_id in (
    select episode_id from raw.episodes join raw.digests using (digest_date)
    where status = 'transcribed' and digest_date < ?
)
"""


@dataclass(frozen=True, slots=True)
class Removed:
    """What was too old."""

    audio_files: int = 0
    segments: int = 0


def remove_old(settings: Settings, now: datetime) -> Removed:
    """Remove kept audio and transcripts that are older than the settings say, turn over a large run log, and join a
    DuckLake's small files.

    Args:
        settings: ``keep_audio_days`` and ``keep_transcripts_days``, 0 keeps for ever; ``lake_snapshot_days``.
        now: aware.
    """
    warehouse = warehouse_of(settings)
    log = settings.home / "run.log"
    if log.exists() and log.stat().st_size > MOST_LOG_BYTES:
        log.replace(log.with_suffix(".log.1"))
    audio = 0
    if settings.keep_audio_days:
        oldest = (now - timedelta(days=settings.keep_audio_days)).timestamp()
        for path in (settings.home / "audio").glob("*.audio"):  # what else lies there is somebody's own, or the disk's
            if path.stat().st_mtime < oldest:
                path.unlink()
                audio += 1
    segments = 0
    if settings.keep_transcripts_days:
        first = now.astimezone(settings.zone).date() - timedelta(days=settings.keep_transcripts_days)
        with warehouse.write() as con:
            segments = con.execute(f"select count(*) {OLD_SEGMENTS}", [first]).fetchall()[0][0]
            if segments:
                con.execute(f"delete {OLD_SEGMENTS}", [first])
    warehouse.compact(keep_days=settings.lake_snapshot_days)
    return Removed(audio, segments)
