"""All settings as one object, and where it reads them."""

from zoneinfo import ZoneInfo

from pydantic import model_validator
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from digest_pipeline.settings.places import ENV_PREFIX, Places, read_settings_file
from digest_pipeline.settings.sections import (
    Claims,
    Compute,
    Days,
    Directories,
    LanguageModels,
    Mail,
    Publishing,
    Requests,
    Scoring,
    Sharing,
    Transcription,
    Upkeep,
)


class Settings(
    Places,
    Days,
    Requests,
    Directories,
    Transcription,
    Claims,
    LanguageModels,
    Scoring,
    Publishing,
    Mail,
    Sharing,
    Compute,
    Upkeep,
    BaseSettings,
):
    """What an operator can set."""

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX, env_nested_delimiter="__", extra="forbid", validate_default=True, frozen=True
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the signature is pydantic's
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment over ``digest.toml`` over defaults."""
        return init_settings, env_settings, InitSettingsSource(settings_cls, read_settings_file())

    @model_validator(mode="after")
    def _llm_is_named(self) -> "Settings":
        if self.extractor != "extractive" and not self.llm_model:
            raise ValueError(f'extractor = "{self.extractor}" needs llm_model')
        return self

    @model_validator(mode="after")
    def _windows_go_on(self) -> "Settings":
        if self.llm_overlap_words > self.llm_window_words // 2:
            raise ValueError("llm_overlap_words is at most half of llm_window_words: what overlaps is paid for again")
        return self

    @model_validator(mode="after")
    def _transcription_server_has_a_model(self) -> "Settings":
        if self.whisper_api_base and self.whisper_model == "auto":
            raise ValueError("whisper_api_base needs whisper_model: the name that the server knows its model by")
        return self

    @model_validator(mode="after")
    def _mail_has_a_sender(self) -> "Settings":
        if self.smtp_host and not self.mail_from:
            raise ValueError("smtp_host needs mail_from: whom the mails are from")
        return self

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of a digest's day."""
        return ZoneInfo(self.timezone)
