"""Compute on a Ray cluster: a real one, of two nodes on this machine, one of which is killed in the middle of a day."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from threading import Event, Thread

import av
import psutil
import pytest
from threadpoolctl import threadpool_limits

if find_spec("ray") is None:
    pytest.skip("the extra `ray` is not installed", allow_module_level=True)  # `make test` installs it

from bench.crash.result import PAID, Rows, differences, tables_of
from bench.llm import answer
from bench.ray_nodes import Nodes, two_nodes
from digest_pipeline.cli.feeds import subscribe_to_list
from digest_pipeline.compute import LocalPool, SharedFile, get_pool
from digest_pipeline.compute.cluster import RayPool
from digest_pipeline.compute.worker import at_home, for_workers
from digest_pipeline.demo import DemoNetwork, serve
from digest_pipeline.errors import AudioError, ComputeError, SettingsError, WorkerLost
from digest_pipeline.resources import SettingsResource, WarehouseResource
from digest_pipeline.settings import SECRET_FIELDS, Settings, load_settings
from digest_pipeline.warehouse import Warehouse
from tests.conftest import Web
from tests.llm_server import StandIn

pytestmark = [
    pytest.mark.filterwarnings("default::DeprecationWarning", "default:.*:UserWarning", "default::ResourceWarning"),
    pytest.mark.filterwarnings("default::FutureWarning"),
]
LONG_SECONDS = 600.0  # nothing here takes so long: what does hangs
CLIP_SECONDS = 50


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    with ExitStack() as stack:
        with pytest.MonkeyPatch.context() as monkeypatch:
            monkeypatch.setenv("DIGEST_LLM_API_KEY", "of the cluster")
            nodes = stack.enter_context(two_nodes(tmp_path_factory.mktemp("other")))
        yield nodes


@pytest.fixture(scope="module", autouse=True)
def stranger(cluster: Nodes) -> Iterator[subprocess.Popen[str]]:
    """A process that tries to join with another token; Ray tries for some twenty seconds, beside the tests."""
    code = f"from digest_pipeline.compute.cluster import RayPool; RayPool({cluster.address!r}, 0, 1, 0)"
    environment = {**os.environ, "RAY_AUTH_TOKEN": "0" * 64}
    with subprocess.Popen(
        [sys.executable, "-c", code], env=environment, stderr=subprocess.STDOUT, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process
        process.kill()


@pytest.fixture
def on_cluster(settings: Settings, cluster: Nodes) -> Settings:
    return settings.model_copy(update={"ray_address": cluster.address})


# What the tests below have a worker do.


def count(settings: Settings, last: int) -> Iterator[int]:
    yield from range(last)


def count_and_die(settings: Settings, marker: Path) -> Iterator[int]:
    for number in range(5):
        if number == 3:
            while not marker.exists():
                time.sleep(0.05)
            os._exit(1)
        yield number


def die_once(settings: Settings, marker: Path) -> str:
    if not marker.exists():
        marker.touch()
        os._exit(1)
    return "done"


def die(settings: Settings, item: object) -> None:
    os._exit(1)


def process(settings: Settings, item: object) -> int:
    return os.getpid()


def complain(settings: Settings, item: object) -> None:
    raise AudioError("it is damaged", remedy="get another one")


def size(settings: Settings, file: SharedFile) -> Iterator[tuple[int, Path]]:
    with file.here() as path:
        yield path.stat().st_size, path


def secret(settings: Settings) -> tuple[str, Path, str]:
    return settings.llm_api_key.get_secret_value(), settings.home, settings.ray_address


def test_tasks_run_in_other_processes_whose_models_stay(on_cluster: Settings) -> None:
    there = get_pool(on_cluster)
    assert there.workers == 2
    assert get_pool(on_cluster) is there
    found = set(there.map(process, on_cluster, range(20)))
    assert os.getpid() not in found
    assert 1 <= len(found) <= 2  # the second one may start later


def test_results_of_a_lost_worker_are_kept_and_another_one_goes_on(on_cluster: Settings, tmp_path: Path) -> None:
    there, came = get_pool(on_cluster), []
    with pytest.raises(WorkerLost):
        for number in there.stream(count_and_die, on_cluster, tmp_path / "marker"):
            came.append(number)
            if number == 2:
                (tmp_path / "marker").touch()  # it dies after its results are here
    assert came == [0, 1, 2]
    assert list(there.stream(count, on_cluster, 3)) == [0, 1, 2]


def test_an_item_that_lost_its_worker_is_done_again(on_cluster: Settings, tmp_path: Path) -> None:
    there = get_pool(on_cluster)
    assert list(there.map(die_once, on_cluster, [tmp_path / "one", tmp_path])) == ["done", "done"]


def test_a_thread_of_rays_that_tells_of_a_failed_start_asks_nothing_of_ray(
    on_cluster: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be the thread that shutting down waits for; a new worker is hired by whoever takes the next one."""
    pool, hired = get_pool(on_cluster), list[str]()
    assert isinstance(pool, RayPool)
    monkeypatch.setattr(pool, "_hire", lambda: hired.append("one"))
    greeting: Future[str] = Future()
    greeting.set_exception(RuntimeError("its machine is gone"))
    pool._welcome(object(), greeting)
    assert hired == []
    assert len({pool.call(process, on_cluster, n) for n in range(3)} - {os.getpid()}) >= 1
    assert hired == ["one"]


def test_an_item_that_kills_every_worker_is_an_error(on_cluster: Settings) -> None:
    with pytest.raises(ComputeError, match="lost 3 workers"):
        list(get_pool(on_cluster).map(die, on_cluster, [1]))


def test_a_call_whose_worker_is_lost_is_not_made_again(on_cluster: Settings) -> None:
    there = get_pool(on_cluster)
    with pytest.raises(WorkerLost):
        there.call(die, on_cluster, None)
    assert there.call(process, on_cluster, None) != os.getpid()


def test_a_task_fails_as_it_would_here(on_cluster: Settings) -> None:
    for where in (LocalPool(), get_pool(on_cluster)):
        with pytest.raises(AudioError) as failure:
            list(where.map(complain, on_cluster, [1]))
        assert (type(failure.value), failure.value.remedy) == (AudioError, "get another one")


def test_a_file_travels_and_is_gone_afterwards(on_cluster: Settings, tmp_path: Path) -> None:
    file = tmp_path / "long.mp3"
    file.write_bytes(bytes(20_000_000))
    there = get_pool(on_cluster)
    ((found, path),) = there.stream(size, on_cluster, there.share(file))
    assert (found, path.exists()) == (20_000_000, False)
    assert path != file


def test_secrets_do_not_travel(on_cluster: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIGEST_LLM_API_KEY", "of the run")
    loaded = load_settings(ray_address=on_cluster.ray_address)
    assert loaded.llm_api_key.get_secret_value() == "of the run"
    assert all(not getattr(for_workers(loaded), name).get_secret_value() for name in SECRET_FIELDS)
    key, home, address = get_pool(on_cluster).call(secret, loaded)
    assert (key, address) == ("of the cluster", "")
    assert home != loaded.home
    assert at_home(for_workers(loaded)).llm_api_key.get_secret_value() == "of the run"  # its environment is this one


def test_no_port_is_open_to_other_machines(cluster: Nodes) -> None:
    own = psutil.Process()
    listening = {
        connection.laddr.ip
        for process in own.children(recursive=True)
        for connection in process.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
    }
    assert listening
    assert all(ip.removeprefix("::ffff:") == "127.0.0.1" for ip in listening)


def test_an_address_without_a_cluster_is_named(settings: Settings) -> None:
    with pytest.raises(ComputeError, match=r"no Ray cluster at 127.0.0.1:1.*check ray_address"):
        get_pool(settings.model_copy(update={"ray_address": "127.0.0.1:1"}))


def test_a_missing_extra_is_named(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name == "ray" or name == "digest_pipeline.compute.cluster"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "ray", None)  # what an import finds where it is not installed
    with pytest.raises(ComputeError, match="install the extra `ray`"):
        get_pool(settings.model_copy(update={"ray_address": "127.0.0.9:1"}))


def test_a_cluster_without_room_is_named(cluster: Nodes, on_cluster: Settings) -> None:
    get_pool(on_cluster)  # connected
    with pytest.raises(ComputeError, match=r"has 1 cores and 2 GPUs"):
        RayPool(cluster.address, 0, 1, 2)


@pytest.mark.parametrize("address", ["ray://head:10001", "head", "http://head:6379"])
def test_an_address_that_cannot_do_is_refused(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIGEST_RAY_ADDRESS", address)
    with pytest.raises(SettingsError, match="ray_address"):
        load_settings()


# A day: three recordings and a publisher's transcript, the best claims worded by a language model.


@dataclass
class Days:
    """The feeds of a day, and what it leaves when it is run."""

    feeds: str
    day: date

    def run(self, home: Path, web: Web, monkeypatch: pytest.MonkeyPatch, ray: str = "") -> dict[str, Rows]:
        from dagster import materialize

        from assets.claim_candidates import claim_candidates
        from assets.embedding_clusters import embedding_clusters
        from assets.episodes import episodes
        from assets.scored_insights import scored_insights
        from assets.transcripts import transcripts

        StandIn(web, answer)
        chosen = {
            "HOME": str(home), "RAY_ADDRESS": ray, "WHISPER_MODEL": "tiny.en", "WHISPER_CHUNK_SECONDS": "30",
            "EXTRACTOR": "rewrite", "LLM_MODEL": "openai/stand-in", "LLM_API_BASE": f"{web.url}/v1", "LLM_IS_FREE": "1",
            "MIN_WORTHINESS": "0", "FIRST_DAY": self.day.isoformat(),
        }  # fmt: skip
        for name, value in chosen.items():
            monkeypatch.setenv(f"DIGEST_{name}", value)
        monkeypatch.setenv("DIGEST_LLM_API_KEY", "of the run")
        settings = load_settings()
        subscribe_to_list(f"{self.feeds}/opml", settings)
        database = WarehouseResource(database=str(settings.database))
        result = materialize(
            [episodes, transcripts, claim_candidates, embedding_clusters, scored_insights],
            partition_key=self.day.isoformat(),
            resources={"warehouse": database, "settings": SettingsResource()},
        )
        assert result.success
        assert not list((settings.cache / "transcription").iterdir())
        with Warehouse(settings.database).read() as con:
            return dict(tables_of(con, home)) | {"paid calls": con.execute(PAID).fetchall()}


@pytest.fixture(scope="module")
def days(network: DemoNetwork, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Days]:
    """The beginnings of three of the demo's recordings, and an episode with a transcript, all of one day."""
    folder = tmp_path_factory.mktemp("recordings")
    shutil.copytree(network.folder, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.mp3"))
    short = DemoNetwork(folder)
    short.today = short.first_day
    short.shows = {slug: short.shows[slug] for slug in ("five-past-eight", "wide-error-bars")}
    recorded = short.shows["five-past-eight"]["episodes"]
    for episode in recorded[:3]:
        episode["published"] = recorded[0]["published"]
        cut(network.folder / "audio" / episode["audio"], folder / "audio" / episode["audio"])
    with serve(short, 0) as feeds:
        yield Days(feeds, short.first_day)


def cut(source: Path, target: Path) -> None:
    with av.open(str(source)) as whole, av.open(str(target), "w") as part:
        stream = part.add_stream_from_template(whole.streams.audio[0])
        for packet in whole.demux(audio=0):
            if packet.dts is not None and float(packet.dts * packet.time_base) < CLIP_SECONDS:
                packet.stream = stream
                part.mux(packet)


@pytest.fixture(scope="module")
def wanted(days: Days, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Rows]]:
    """The day as this process computes it, with the one thread of a worker: the number of them changes the rounding."""
    web = Web()
    with pytest.MonkeyPatch.context() as monkeypatch, threadpool_limits(1):
        yield days.run(tmp_path_factory.mktemp("local"), web, monkeypatch)
    web.close()


def test_a_day_computed_on_the_cluster_equals_the_local_one(
    cluster: Nodes, days: Days, wanted: dict[str, Rows], tmp_path: Path, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = days.run(tmp_path / "home", web, monkeypatch, cluster.address)
    assert differences(wanted, found) == {}
    assert len(found["raw.transcripts"]) == 4
    assert len(found["paid calls"]) > 4
    assert found["raw.scored_insights"]


def test_a_day_ends_right_when_a_node_is_killed_in_its_middle(
    cluster: Nodes,
    days: Days,
    wanted: dict[str, Rows],
    tmp_path: Path,
    web: Web,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    home = tmp_path / "home"
    killed: list[set[str]] = []
    over = Event()

    def kill() -> None:
        """Wait until the other node transcribes one recording and pieces of two are done."""
        deadline = time.monotonic() + LONG_SECONDS
        while time.monotonic() < deadline and not killed and not over.is_set():
            heard = {piece.parts[-3] for piece in home.glob("cache/transcription/*/*/*.json")}
            if len(heard) > 1 and list(cluster.folder.glob("digest-*.audio")):
                cluster.kill_other()
                killed.append(heard)
            time.sleep(0.02)

    killer = Thread(target=kill)
    killer.start()
    found = days.run(home, web, monkeypatch, cluster.address)
    over.set()
    killer.join()
    assert killed, "the day was over before"
    assert "a worker is lost" in caplog.text
    assert differences(wanted, found) == {}


def test_who_has_another_token_does_not_join(stranger: subprocess.Popen[str]) -> None:
    said, _ = stranger.communicate(timeout=LONG_SECONDS)
    assert stranger.returncode == 1
    assert "cannot be used" in said
    assert "token is missing or incorrect" in said
