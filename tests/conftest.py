"""Fixtures: an isolated home folder, a local web server, and the demo run once for all tests that read it."""

import asyncio
import inspect
import json
import os
import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import duckdb
import pytest

from digest_pipeline.bundled import bundled
from digest_pipeline.demo import DemoNetwork, serve
from digest_pipeline.settings import Settings, load_settings
from digest_pipeline.warehouse import Warehouse
from tests.dbt_runs import dbt  # noqa: F401 - a fixture
from tests.episodes_to_search import embedder, spoken  # noqa: F401 - fixtures
from tests.readers import box, mailed, published, three_days  # noqa: F401 - fixtures

# Set before anything imports the definitions: they read the settings once, for the days and the dbt project.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["DO_NOT_TRACK"] = "1"
os.environ.pop("COLUMNS", None)  # a console made under it keeps that width
SHARED = Path(__file__).resolve().parents[2] / "shared"
DEMO_PORT = 8791


@pytest.fixture(scope="session", autouse=True)
def session_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home folder for the whole session: nothing touches the user's."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(("DIGEST_", "DAGSTER_HOME"))]:
            patch.delenv(name)
        patch.setenv("DIGEST_HOME", str(home))
        patch.setenv("DIGEST_ALLOW_PRIVATE_HOSTS", "1")
        patch.setenv("DAGSTER_DISABLE_TELEMETRY", "1")
        yield home


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings of an empty home folder that the environment names too."""
    monkeypatch.setenv("DIGEST_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    return load_settings()


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the schema, to be copied: making one takes longer than most tests."""
    path = tmp_path_factory.mktemp("empty") / "digest.duckdb"
    with Warehouse(path).read():
        return path


@pytest.fixture
def warehouse(settings: Settings, empty_database: Path) -> Warehouse:
    """An empty database with the schema."""
    settings.home.mkdir(exist_ok=True)
    shutil.copyfile(empty_database, settings.database)
    return Warehouse(settings.database, lock_wait_seconds=1)


@pytest.fixture(scope="session")
def network() -> DemoNetwork:
    """The demo network's description."""
    return DemoNetwork(bundled("demo"))


@pytest.fixture(scope="session")
def demo_audio() -> Path:
    """One of the demo's recordings."""
    return sorted((bundled("demo") / "audio").glob("*.mp3"))[0]


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory, network: DemoNetwork) -> Iterator[Settings]:
    """Settings of a home in which the demo's four days were run, through the job that the schedule runs."""
    from digest_pipeline.cli.feeds import subscribe_to_list
    from digest_pipeline.runs import run_days

    home = tmp_path_factory.mktemp("demo")
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setenv("DIGEST_HOME", str(home))
        patch.delenv("DAGSTER_HOME", raising=False)
        base = stack.enter_context(serve(network, DEMO_PORT))
        settings = load_settings()
        days = [network.first_day + timedelta(days=n) for n in range(4)]
        network.today = days[0]
        subscribe_to_list(f"{base}/opml", settings)

        def begin(day: date) -> None:
            network.today = day

        summaries = list(run_days(days, settings, before=begin))
        assert all(summary.succeeded for summary in summaries), [summary.attention for summary in summaries]
        yield settings


@pytest.fixture
def demo_insights(demo: Settings) -> int:
    """How many insights the demo's four days published."""
    with duckdb.connect(str(demo.database), read_only=True) as con:
        count: int = con.execute("select count(*) from raw.digest_items").fetchall()[0][0]
    return count


@pytest.fixture(autouse=True)
def _no_model_client_stays_open() -> Iterator[None]:
    """litellm keeps its clients, and their connections, until the process ends."""
    yield
    if litellm := sys.modules.get("litellm"):
        clients = litellm.in_memory_llm_clients_cache
        for client in clients.cache_dict.values():
            if inspect.isawaitable(closing := client.close()):
                asyncio.run(closing)  # type: ignore[arg-type]
        clients.flush_cache()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that gave up waiting: its trace may come when another test reads what is printed."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class Web:
    """A real server on loopback. ``routes`` maps paths to functions that answer a request."""

    def __init__(self) -> None:
        self.routes: dict[str, Callable[[BaseHTTPRequestHandler], None]] = {}
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.at_close: list[Callable[[], None]] = []
        web = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                pass

            def do_GET(self) -> None:
                web.requests.append((self.path, dict(self.headers)))
                answer = web.routes.get(self.path.split("?")[0])
                if answer:
                    answer(self)
                else:
                    self.send_error(404)

            do_POST = do_GET  # noqa: N815

        self._server = _Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        # It looks whether to stop as often as it is told to: by default each test would wait half a second for it.
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def put(self, path: str, body: bytes, kind: str = "text/plain", **headers: str) -> str:
        """Serve fixed content; returns its address."""

        def answer(request: BaseHTTPRequestHandler) -> None:
            etag = headers.get("ETag")
            same = bool(etag) and request.headers.get("If-None-Match") == etag
            request.send_response(304 if same else 200)
            request.send_header("Content-Type", kind)
            for name, value in headers.items():
                request.send_header(name, value)
            request.send_header("Content-Length", "0" if same else str(len(body)))
            request.end_headers()
            if not same:
                request.wfile.write(body)

        self.routes[path] = answer
        return f"{self.url}{path}"

    def collect(self, path: str, status: int = 200) -> list[dict[str, Any]]:
        """Take the JSON that is posted to ``path`` and answer with ``status``; what has come so far."""
        got: list[dict[str, Any]] = []

        def answer(request: BaseHTTPRequestHandler) -> None:
            got.append(json.loads(request.rfile.read(int(request.headers["Content-Length"]))))
            request.send_response(status)
            request.send_header("Content-Length", "0")
            request.end_headers()

        self.routes[path] = answer
        return got

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        for act in self.at_close:
            act()


@pytest.fixture
def web() -> Iterator[Web]:
    """A web server for one test."""
    server = Web()
    yield server
    server.close()
