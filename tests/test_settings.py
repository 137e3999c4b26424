"""Settings: where they come from, and what is said when one is wrong."""

from pathlib import Path

import pytest

from digest_pipeline.errors import SettingsError
from digest_pipeline.settings import load_settings, unknown_variables
from digest_pipeline.settings.places import settings_file
from digest_pipeline.settings.reference import settings_page, settings_template


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DIGEST_HOME", str(tmp_path))
    return tmp_path


def test_environment_goes_before_file_goes_before_default(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "digest.toml").write_text("top_n = 7\nmax_per_show = 3\n[score_weights]\nnovelty = 0.5\n")
    monkeypatch.setenv("DIGEST_TOP_N", "4")
    monkeypatch.setenv("DIGEST_SCORE_WEIGHTS__MOMENTUM", "0.25")
    settings = load_settings()
    assert (settings.top_n, settings.max_per_show, settings.lookback_days) == (4, 3, 3)
    assert (settings.score_weights.novelty, settings.score_weights.momentum) == (0.5, 0.25)
    assert settings.database == home / "digest.duckdb"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("top_m = 7", r"^top_m \(in .*digest.toml\): is no setting"),
        ("[score_weights]\nnovlty = 1", "novlty .*: is no setting"),
        ("top_n = 0", "greater than or equal to 1"),
        ('timezone = "Mars/Olympus"', "IANA"),
        ('timezone = "Europe"', "IANA"),
        ("top_n = ", "not valid TOML"),
        ('extractor = "llm"', '^extractor = "llm" needs llm_model'),
        ('home = "/srv/digest"', "home stands in .*DIGEST_HOME"),
        ('http_ca_file = "none.pem"', "http_ca_file .*none.pem"),
        ('llm_api_key = "sk-1"', "DIGEST_LLM_API_KEY"),
        ('SMTP_PASSWORD = "sk-1"', "DIGEST_SMTP_PASSWORD"),
        ('mail_from = "Five from the feeds"', "no sender"),
        ('mail_from = "Five, from the feeds <digest@example.org>"', "quotation marks"),
        ('mail_reply_to = "a@example.org, b@example.org"', "no sender"),
        ('smtp_host = "smtp..example.org"', "no name of a server"),
    ],
)
def test_a_wrong_line_is_named(home: Path, line: str, said: str) -> None:
    (home / "digest.toml").write_text(line)
    with pytest.raises(SettingsError, match=said) as caught:
        load_settings()
    assert "sk-1" not in str(caught.value)


def test_a_byte_order_mark_before_the_file_is_passed_over(home: Path) -> None:
    (home / "digest.toml").write_text("top_n = 7\ntimezone = 'Europe/Vienna'  # Österreich\n", encoding="utf-8-sig")
    assert (load_settings().top_n, load_settings().timezone) == (7, "Europe/Vienna")


def test_weights_come_from_variables_of_their_own_and_one_counts(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLARITY", "abc")
    monkeypatch.setenv("NOVELTY", "9")
    weights = load_settings().score_weights
    assert (weights.clarity, weights.novelty) == (0.35, 0.10)
    with pytest.raises(SettingsError, match=r"score_weights.*above 0"):
        load_settings(score_weights=dict.fromkeys(type(weights).model_fields, 0))


def test_windows_that_hardly_go_on_are_refused(home: Path) -> None:
    assert load_settings(llm_window_words=400, llm_overlap_words=200).llm_overlap_words == 200
    with pytest.raises(SettingsError, match=r"llm_overlap_words.*half of llm_window_words"):
        load_settings(llm_window_words=400, llm_overlap_words=201)


def test_a_wrong_variable_is_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIGEST_LOOKBACK_DAYS", "soon")
    with pytest.raises(SettingsError, match="DIGEST_LOOKBACK_DAYS"):
        load_settings()


def test_a_list_that_is_no_json_is_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIGEST_ALLOWED_NETWORKS", "10.0.0.0/8")
    with pytest.raises(SettingsError, match=r"DIGEST_ALLOWED_NETWORKS.*JSON"):
        load_settings()


def test_a_relative_home_is_one_folder_wherever_it_is_read(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    monkeypatch.chdir(home)
    monkeypatch.setenv("DIGEST_HOME", "below")
    assert load_settings().dagster_home == home / "below" / "dagster"
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("DIGEST_HOME", " ~/below ")
    assert load_settings().database == settings_file().with_name("digest.duckdb") == home / "below" / "digest.duckdb"


@pytest.mark.parametrize("chosen", ["", "  "])
def test_an_empty_home_is_none_and_not_the_folder_that_the_process_is_in(
    home: Path, monkeypatch: pytest.MonkeyPatch, chosen: str
) -> None:
    monkeypatch.chdir(home)
    monkeypatch.setenv("XDG_DATA_HOME", str(home / "data"))
    monkeypatch.setenv("DIGEST_HOME", chosen)
    assert load_settings().home == home / "data" / "digest"


def test_a_sender_is_kept_as_every_mail_server_takes_it(home: Path) -> None:
    (home / "digest.toml").write_text("mail_from = '\"Fünf, täglich\" <digest@münchen.example>'")
    assert load_settings().mail_from == '"Fünf, täglich" <digest@xn--mnchen-3ya.example>'


def test_the_address_of_the_site_is_kept_as_headers_and_feeds_take_it(home: Path) -> None:
    assert (
        load_settings(site_url="https://münchen.example/fünf").site_url == "https://xn--mnchen-3ya.example/f%C3%BCnf/"
    )
    with pytest.raises(SettingsError, match="no address like"):
        load_settings(site_url="https://ü..example/")


def test_the_page_of_settings_is_that_of_this_release() -> None:
    page = Path(__file__).parents[1] / "docs" / "settings.md"
    assert page.read_text(encoding="utf-8") == settings_page(), "run python -m digest_pipeline.settings.reference"


def test_unknown_variables_are_found(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIGEST_TOPN", "4")
    assert unknown_variables() == ["DIGEST_TOPN"]


def test_the_template_with_every_line_switched_on_gives_the_defaults(home: Path) -> None:
    before = load_settings()
    lines = settings_template().splitlines()
    switched_on = [line.removeprefix("# ") if " = " in line or line == "# [score_weights]" else line for line in lines]
    (home / "digest.toml").write_text("\n".join(switched_on[1:]))
    assert load_settings() == before


def test_secrets_are_not_shown(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIGEST_LLM_API_KEY", "sk-very-secret")
    assert "very-secret" not in repr(load_settings())
