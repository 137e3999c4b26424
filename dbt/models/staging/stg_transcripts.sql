select
    episode_id,
    source,
    model,
    language,
    word_count,
    audio_seconds,
    real_time_factor,
    note,
    has_own_times,
    unheard_seconds,
    spoken_seconds,
    ad_seconds
from {{ source('raw', 'transcripts') }}
