"""Every setting, by what it is about. Descriptions are the documentation: ``digest init`` writes them out."""

from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from digest_pipeline.settings.values import (
    CaFile,
    Host,
    LakeUrl,
    MailAddress,
    Network,
    PostgresUrl,
    RayAddress,
    SiteUrl,
    Timezone,
)

MEBIBYTE = 1024 * 1024


class ScoreWeights(BaseModel):
    """Weights of the score components. They are normalised to sum to 1, so only their ratios count."""

    model_config = ConfigDict(extra="forbid")

    worthiness: float = Field(0.35, ge=0, description="how much the claim itself is worth repeating")
    clarity: float = Field(0.35, ge=0, description="how likely an editor lets it stand as a stranger reads it")
    novelty: float = Field(0.10, ge=0, description="how unlike everything said on earlier days")
    specificity: float = Field(0.08, ge=0, description="numbers, names and mechanisms in it")
    corroboration: float = Field(0.08, ge=0, description="how many other shows say something close")
    momentum: float = Field(0.04, ge=0, description="how likely it is that its theme grows")

    @model_validator(mode="after")
    def _one_counts(self) -> "ScoreWeights":
        if not any(self.model_dump().values()):
            raise ValueError("at least one weight has to be above 0")
        return self


class Days(BaseModel):
    """Days and episodes."""

    timezone: Timezone = Field("UTC", description="time zone of a day, an IANA name such as Europe/Berlin")
    first_day: date = Field(date(2024, 1, 1), description="first daily partition")
    lookback_days: int = Field(3, ge=1, le=60, description="a day also takes episodes this many days late in a feed")
    max_attempts: int = Field(3, ge=1, description="days on which a failing episode is tried before it is set aside")


class Requests(BaseModel):
    """Network."""

    allow_private_hosts: bool = Field(False, description="let feeds and audio come from private or loopback addresses")
    allowed_networks: tuple[Network, ...] = Field(
        (), description='private networks that feeds and audio may come from, such as "192.168.1.0/24"'
    )
    http_timeout_seconds: float = Field(30, gt=0, description="longest silence of a server")
    http_document_seconds: float = Field(120, gt=0, description="longest time for one feed or transcript")
    http_total_seconds: float = Field(900, gt=0, description="longest time for one whole download")
    http_concurrency: int = Field(32, ge=1, le=256, description="requests under way at the same time")
    http_per_host: int = Field(4, ge=1, le=64, description="of them to one host")
    http_ca_file: CaFile = Field("", description="PEM file of the authorities to trust instead of the usual ones")
    max_feed_bytes: int = Field(32 * MEBIBYTE, gt=0, description="largest feed or transcript, after decompression")
    max_audio_bytes: int = Field(1024 * MEBIBYTE, gt=0, description="largest audio file")
    max_audio_seconds: float = Field(6 * 3600, gt=0, description="longest episode that is transcribed")


class Directories(BaseModel):
    """Directories of podcasts, for `digest feeds search` and Apple Podcasts links."""

    itunes_api: str = Field("https://itunes.apple.com", description="address of the iTunes Search API")
    podcast_index_api: str = Field("https://api.podcastindex.org/api/1.0", description="address of Podcast Index")
    podcast_index_key: SecretStr = Field(SecretStr(""), description="key of Podcast Index, which is then searched too")
    podcast_index_secret: SecretStr = Field(SecretStr(""), description="the secret that came with that key")


class Transcription(BaseModel):
    """Transcription."""

    whisper_model: str = Field("auto", description="auto, tiny.en, base, a model folder, or any faster-whisper name")
    whisper_device: Literal["auto", "cpu", "cuda"] = Field("auto", description="where Whisper runs")
    whisper_compute_type: str = Field("auto", description="CTranslate2 compute type; auto: what the device does best")
    whisper_batch_size: int = Field(0, ge=0, le=128, description="windows decoded together; 0: as the device allows")
    whisper_chunk_seconds: float = Field(300, ge=30, description="audio between two checkpoints of a transcription")
    whisper_language: Literal["feed", "episode", "segment"] = Field(
        "feed", description="as the feed says, else detected; or always detected, once an episode or for every segment"
    )
    whisper_hints: bool = Field(True, description="tell Whisper the names that the feed gives, so that it spells them")
    whisper_word_times: bool = Field(True, description="time every word, so that a quote starts at the very second")
    diarize: Literal["auto", "on", "off"] = Field(
        "auto", description="tell the voices of recognised audio apart; auto: where the extra `speakers` is installed"
    )
    whisper_api_base: str = Field("", description="an OpenAI-compatible server that transcribes instead, with /v1")
    whisper_api_key: SecretStr = Field(SecretStr(""), description="key for the server of whisper_api_base")
    download_ahead: int = Field(4, ge=0, le=64, description="episodes fetched ahead of the one in transcription")
    max_download_disk_bytes: int = Field(4096 * MEBIBYTE, gt=0, description="disk that audio waiting its turn may take")
    keep_audio: bool = Field(False, description="keep downloaded audio in the home folder after transcription")


class Claims(BaseModel):
    """Claims."""

    encoder_model: str = Field("auto", description="auto, a model folder, or a transformer of sentence-transformers")
    extractor: Literal["extractive", "rewrite", "llm"] = Field(
        "extractive",
        description="how claims are found: without a model, or llm; rewrite: llm words the best",
    )
    min_worthiness: float = Field(
        0.10, ge=0, le=1, description="candidates less likely to be worth sending stay unused"
    )
    max_candidates_per_hour: int = Field(30, ge=1, description="candidates kept for an hour of speech")
    eval_labels: str = Field(
        "", description="folder of labelled episodes that each run measures the claims on, as a check"
    )


class LanguageModels(BaseModel):
    """Language models, for the extractors `llm` and `rewrite`."""

    llm_model: str = Field("", description="a litellm model name, for example openai/gpt-5-mini or ollama/llama3.2")
    llm_api_base: str = Field("", description="address of an OpenAI-compatible server, for local models")
    llm_api_key: SecretStr = Field(
        SecretStr(""), description="key of the language model; its provider's own variable works too"
    )
    llm_is_free: bool = Field(False, description="the model costs nothing (a local one): an unknown price counts as 0")
    llm_budget_usd_per_run: float = Field(1.0, ge=0, description="a run stops calling the model when it spent this")
    llm_budget_usd_per_day: float = Field(2.0, ge=0, description="so does a calendar day (UTC)")
    llm_timeout_seconds: float = Field(120, gt=0, description="longest wait for one reply")
    llm_max_attempts: int = Field(3, ge=1, le=10, description="calls for one question when the server fails")
    llm_retry_seconds: float = Field(1, ge=0, description="pause after the first failed call; it doubles each time")
    llm_max_output_tokens: int = Field(4000, ge=100, description="longest reply, thinking included; bounds the cost")
    llm_concurrency: int = Field(4, ge=1, le=64, description="calls at the same time")
    llm_requests_per_minute: int = Field(0, ge=0, description="calls a minute that the provider allows; 0: no limit")
    llm_tokens_per_minute: int = Field(0, ge=0, description="tokens a minute that the provider allows; 0: no limit")
    llm_window_words: int = Field(900, ge=100, description="words of transcript in one call")
    llm_overlap_words: int = Field(90, ge=0, description="words that two neighbouring windows share, in whole turns")
    llm_rewrites_per_day: int = Field(15, ge=1, description="best claims of a day that a model words anew (rewrite)")
    llm_batch_minutes: float = Field(0, ge=0, description="wait so long for the provider's batch prices; 0: no batches")
    nli_model: str = Field("", description="folder or hub name of an entailment model that wording must pass as well")
    nli_min_entailment: float = Field(0.5, ge=0, le=1, description="least probability that the quote bears the wording")


class Scoring(BaseModel):
    """Themes, scores and the digest."""

    cluster_window_days: int = Field(
        45, ge=1, le=730, description="days of claims that are clustered together; trends need more than 7"
    )
    cluster_min_size: int = Field(3, ge=2, description="fewest claims that make a theme")
    score_weights: ScoreWeights = Field(default_factory=ScoreWeights, description="weights of the score components")
    verdict_weight: float = Field(
        0.20, ge=0, le=1, description="how far verdicts and readers' votes on similar claims move a score, at most"
    )
    recency_weight: float = Field(
        0.05, ge=0, le=1, description="what an old episode's claims lose of their score, at most"
    )
    top_n: int = Field(5, ge=1, le=20, description="insights in a digest")
    min_score: float = Field(0.62, ge=0, le=1, description="nothing below is published: no filler")
    min_clarity: float = Field(0.30, ge=0, le=1, description="nothing that reads worse by itself is published")
    max_per_show: int = Field(2, ge=1, description="insights of one show in a digest")
    max_per_theme: int = Field(1, ge=1, description="insights of one theme, on one matter, in a digest")
    max_similarity: float = Field(0.70, ge=0, le=1, description="two insights closer than this (cosine) say the same")


class Publishing(BaseModel):
    """The site."""

    site_title: str = Field("Five from the feeds", min_length=1, description="title of the page")
    site_url: SiteUrl = Field("", description="public address of the site; empty: links in the feeds are relative")
    site_tag: str = Field(
        "digest.invalid,2026",
        pattern=r"^[\w.-]+,\d{4}(-\d\d){0,2}$",
        description="a domain and a day on which it was yours: begins the feeds' ids; set it before going public",
    )


class Mail(BaseModel):
    """Mail."""

    smtp_host: Host = Field("", description="mail server; empty: no mail is sent")
    smtp_port: int = Field(587, ge=1, le=65535, description="its port")
    smtp_security: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="starttls (port 587), tls (port 465), or none for a server on this machine"
    )
    smtp_username: str = Field("", description="login there; empty: none")
    smtp_password: SecretStr = Field(SecretStr(""), description="password of smtp_username")
    mail_from: MailAddress = Field("", description='sender, such as "Five from the feeds <digest@example.org>"')
    smtp_connections: int = Field(4, ge=1, le=32, description="connections to the mail server at the same time")
    mail_reply_to: MailAddress = Field("", description="where answers go; empty: to the sender")
    mail_postal_address: str = Field("", description="stands under every mail, where the law wants one")
    mail_rounds: int = Field(3, ge=1, le=10, description="how often a run tries what the mail server put off")
    mail_retry_seconds: float = Field(10, ge=0, description="pause before the second round; it doubles each time")
    mail_days_back: int = Field(3, ge=1, le=3650, description="an older digest is not sent: a backfill sends nothing")
    mail_missed_days: Literal["merge", "latest"] = Field(
        "merge", description="days missed since a subscriber's last digest: as one mail, or only the latest"
    )
    mail_bounces: int = Field(
        3, ge=1, description="an address is held after this many mails in a row found no such mailbox"
    )
    mail_empty_days: bool = Field(False, description="send a mail that says so on a day without an insight")


class Sharing(BaseModel):
    """The tables shared, in a DuckLake."""

    warehouse: LakeUrl = Field(SecretStr(""), description="address of a DuckLake instead of the database file")
    lake_snapshot_days: int = Field(7, ge=1, description="days that earlier states of a DuckLake can be read")


class Compute(BaseModel):
    """Compute past one machine, on a Ray cluster."""

    ray_address: RayAddress = Field(
        "", description="host:port of a Ray cluster that this machine is in; empty: compute here"
    )
    ray_workers: int = Field(0, ge=0, description="workers there; 0: as many as its machines have room for now")
    ray_cpus_per_worker: float = Field(1, gt=0, description="cores of a worker")
    ray_gpus_per_worker: float = Field(0, ge=0, description="GPUs of a worker, or a share of one; 0: it uses none")


class Upkeep(BaseModel):
    """Upkeep."""

    alert_url: SecretStr = Field(SecretStr(""), description="where alerts go: addresses of Apprise, a space between")
    keep_cache_days: int = Field(7, ge=1, description="days that unfinished downloads and transcriptions wait")
    keep_audio_days: int = Field(0, ge=0, description="days that kept audio stays; 0: for ever")
    keep_transcripts_days: int = Field(
        0, ge=0, description="days that transcripts stay; 0: for ever. Claims and their quotes always stay"
    )
    dagster_postgres_url: PostgresUrl = Field(
        SecretStr(""), description="address of the Postgres where Dagster keeps runs, events and schedules"
    )
    keep_backups: int = Field(7, ge=1, description="backups in the home folder; each new one removes the oldest")
