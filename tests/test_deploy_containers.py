"""Image, compose file and Helm values of ``deploy``, as far as a machine without a container engine can tell."""

import asyncio
import ipaddress
import os
import re
import shutil
import signal
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from dagster._core.remote_origin import GrpcServerCodeLocationOrigin
from dagster._core.workspace.load import location_origins_from_yaml_paths
from starlette.types import Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from digest_pipeline.settings import Settings
from digest_pipeline.warehouse import Warehouse

ROOT = Path(__file__).resolve().parents[1]
CONTAINER = ROOT / "deploy" / "container"
DOCKERFILE = (CONTAINER / "Dockerfile").read_text()
PINS = dict(re.findall(r"^([\w.-]+)==(.+)$", (ROOT / "constraints.txt").read_text(), re.MULTILINE))


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((CONTAINER / "compose.yaml").read_text())["services"]
    return loaded


@pytest.fixture(scope="module")
def values() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "deploy" / "helm" / "values.yaml").read_text())
    return loaded


def ours(services: dict[str, Any]) -> dict[str, Any]:
    return {name: one for name, one in services.items() if "build" in one}


def test_one_container_runs_jobs_and_webserver_and_daemon_have_no_data(services: dict[str, Any]) -> None:
    with_data = {name for name, one in services.items() if any(v.startswith("data:") for v in one.get("volumes", []))}
    assert with_data == {"init", "code", "serve"}
    assert "command" not in services["code"]  # it runs the image's
    assert services["serve"]["command"][:2] == ["digest", "serve"]
    assert services["code"]["depends_on"]["init"]["condition"] == "service_completed_successfully"


def test_the_web_service_believes_a_proxy_on_the_host_of_its_containers(services: dict[str, Any]) -> None:
    networks = yaml.safe_load((CONTAINER / "compose.yaml").read_text())["networks"]
    (subnet,) = (one["subnet"] for one in networks["outside"]["ipam"]["config"])
    trusted = services["serve"]["environment"]["FORWARDED_ALLOW_IPS"]
    asked = []

    async def app(scope: Scope, _receive: Receive, _send: Send) -> None:
        asked.append(scope["client"][0])

    gateway = str(ipaddress.ip_network(subnet)[1])
    for peer in (gateway, "198.51.100.7"):
        scope = {"type": "http", "client": (peer, 1), "headers": [(b"x-forwarded-for", b"203.0.113.9")]}
        asyncio.run(ProxyHeadersMiddleware(app, trusted_hosts=trusted)(scope, None, None))  # type: ignore[arg-type]
    assert asked == ["203.0.113.9", "198.51.100.7"]


def test_beside_the_web_service_another_process_writes_duckdb(settings: Settings) -> None:
    warehouse = Warehouse(settings.database, lock_wait_seconds=0)
    with warehouse.write():
        pass
    command = [sys.executable, "-m", "digest_pipeline.cli", "serve", "--port", "0"]
    environment = {**os.environ, "COLUMNS": "300", "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as one:
        assert one.stdout
        found = re.search(r"http://127\.0\.0\.1:\d+", one.stdout.readline())
        assert found
        for path in ("/", "/health", "/subscribe", "/unsubscribe?token=x"):
            httpx.get(found[0] + path, timeout=60, trust_env=False)
            with warehouse.write() as con:  # fails at once if the service held the file
                con.execute("create or replace table written as select 1")
        one.send_signal(signal.SIGINT)


def test_containers_have_few_rights_and_are_reached_from_this_machine_only(services: dict[str, Any]) -> None:
    for name, one in ours(services).items():
        assert one["cap_drop"] == ["ALL"], name
        assert one["security_opt"] == ["no-new-privileges:true"], name
        assert one["read_only"] is True, name
    ports = [port for one in services.values() for port in one.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)
    assert services["postgres"]["networks"] == ["inside"]


def test_images_have_versions_and_secrets_stand_in_no_file(services: dict[str, Any], values: dict[str, Any]) -> None:
    for name, one in services.items():
        assert ":" in one["image"], name
        assert not one["image"].endswith(":latest"), name
    environment = [pair for one in services.values() for pair in one.get("environment", {}).items()]
    in_the_open = {"POSTGRES_USER", "POSTGRES_DB", "FORWARDED_ALLOW_IPS"}
    assert all("${POSTGRES_PASSWORD:?" in value for name, value in environment if name not in in_the_open)
    with_settings = {name: one["env_file"] for name, one in services.items() if "env_file" in one}
    assert with_settings == {name: ["digest.env"] for name in ("init", "code", "serve")}  # .env is Postgres's
    assert "postgresqlPassword" not in values["postgresql"]
    assert values["generatePostgresqlPasswordSecret"] is False


def test_what_is_waited_for_exists_and_can_be_healthy(services: dict[str, Any]) -> None:
    for name, one in services.items():
        for other, how in one.get("depends_on", {}).items():
            assert other in services, name
            if how["condition"] == "service_healthy":
                assert "healthcheck" in services[other] or "HEALTHCHECK" in DOCKERFILE


def test_every_command_is_installed(services: dict[str, Any]) -> None:
    commands = [one["command"] for one in ours(services).values() if "command" in one]
    commands += [
        one["healthcheck"]["test"][1:] for one in ours(services).values() if "test" in one.get("healthcheck", {})
    ]
    commands += [["dagster"]] * DOCKERFILE.count('CMD ["dagster"')
    assert len(commands) == 9
    for command in commands:
        assert command[0] == "sh" or shutil.which(command[0], path=str(Path(sys.executable).parent)), command


def test_dagster_reads_the_workspace_and_it_names_the_code(services: dict[str, Any]) -> None:
    (origin,) = location_origins_from_yaml_paths([str(CONTAINER / "workspace.yaml")])
    assert isinstance(origin, GrpcServerCodeLocationOrigin)
    assert origin.host in services
    assert origin.location_name == "digest_pipeline"
    assert DOCKERFILE.count(f'"-p", "{origin.port}"') == 2  # the server and its health check
    assert f"EXPOSE {origin.port}" in DOCKERFILE


def test_the_image_is_built_from_what_is_there_pinned_and_without_root() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    let_in = {line.removeprefix("!") for line in (ROOT / ".dockerignore").read_text().splitlines() if line[:1] == "!"}
    copied = [
        word.removeprefix("./")
        for line in re.findall(r"^COPY (?!--)(.+) \S+$", DOCKERFILE, re.MULTILINE)
        for word in line.split()
    ]
    assert set(copied) == let_in
    assert all((ROOT / path).exists() for path in copied)
    extras = re.search(r"-c constraints\.txt '\.\[([\w,]+)\]'", DOCKERFILE)
    assert extras
    assert set(extras[1].split(",")) == set(project["optional-dependencies"]) - {"notebooks", "dev"}
    version = re.search(r"^ARG PYTHON=(\d+)\.(\d+)-slim-\w+$", DOCKERFILE, re.MULTILINE)
    assert version
    assert (int(version[1]), int(version[2])) >= (3, 11)
    last_stage = DOCKERFILE.rsplit("\nFROM ", 1)[1]
    assert "\nUSER digest\n" in last_stage
    assert last_stage.index("USER digest") > last_stage.rindex("RUN ")


def test_helm_installs_the_pinned_dagster_with_one_writer(values: dict[str, Any]) -> None:
    text = (ROOT / "deploy" / "helm" / "values.yaml").read_text()
    assert f"--version {PINS['dagster']} " in text
    launcher = values["runLauncher"]["config"]["customRunLauncher"]
    assert (launcher["module"], launcher["class"]) == ("dagster", "DefaultRunLauncher")
    limit = values["dagsterDaemon"]["runCoordinator"]["config"]["queuedRunCoordinator"]["maxConcurrentRuns"]
    instance = yaml.safe_load((ROOT / "dagster.yaml").read_text())
    assert limit == instance["concurrency"]["runs"]["max_concurrent_runs"] == 1
    retries, chart = instance["run_retries"], values["dagsterDaemon"]["runRetries"]
    assert (chart["maxRetries"], chart["retryOnAssetOrOpFailure"]) == (
        retries["max_retries"],
        retries["retry_on_asset_or_op_failure"],
    )
    (code,) = values["dagster-user-deployments"]["deployments"]
    assert code["deploymentStrategy"] == {"type": "Recreate"}
    assert code["codeServerArgs"] == ["-m", "digest_pipeline.definitions"]
    for pod in (code, values["dagsterWebserver"], values["dagsterDaemon"]):
        assert pod["image"] == code["image"]
        assert pod["podSecurityContext"]["runAsUser"] == 10001
        assert pod["securityContext"]["allowPrivilegeEscalation"] is False
        assert ("volumes" in pod) is (pod is code)
    assert "--uid 10001" in DOCKERFILE
