"""The cluster of ``deploy/kuberay``, as far as a machine without Kubernetes can tell."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from digest_pipeline.settings import ENV_PREFIX, Settings

ROOT = Path(__file__).resolve().parents[1]
PINS = dict(re.findall(r"^([\w.-]+)==(.+)$", (ROOT / "constraints.txt").read_text(), re.MULTILINE))


@pytest.fixture(scope="module")
def cluster() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "deploy" / "kuberay" / "raycluster.yaml").read_text())
    assert (loaded["apiVersion"], loaded["kind"]) == ("ray.io/v1", "RayCluster")
    spec: dict[str, Any] = loaded["spec"]
    return spec


def pods(cluster: dict[str, Any]) -> list[dict[str, Any]]:
    groups = (cluster["headGroupSpec"], *cluster["workerGroupSpecs"])
    return [group["template"]["spec"] for group in groups]


def environment(pod: dict[str, Any]) -> dict[str, Any]:
    return {one["name"]: one.get("value", one.get("valueFrom")) for one in pod["containers"][0]["env"]}


def test_head_and_workers_are_the_image_with_the_pinned_ray(cluster: dict[str, Any]) -> None:
    assert cluster["rayVersion"] == PINS["ray"]
    image = yaml.safe_load((ROOT / "deploy" / "helm" / "values.yaml").read_text())
    repository = image["dagster-user-deployments"]["deployments"][0]["image"]
    wanted = f"{repository['repository']}:{repository['tag']}"
    assert [one["image"] for pod in pods(cluster) for one in pod["containers"]] == [wanted] * 2
    assert re.search(r"'\.\[[\w,]*\bray\b", (ROOT / "deploy" / "container" / "Dockerfile").read_text())


def test_only_the_head_has_data_and_it_computes_nothing(cluster: dict[str, Any]) -> None:
    head, worker = pods(cluster)
    assert cluster["headGroupSpec"]["rayStartParams"]["num-cpus"] == "0"
    assert [v["persistentVolumeClaim"]["claimName"] for v in head["volumes"] if "persistentVolumeClaim" in v] == [
        "digest-data"
    ]
    assert not any("persistentVolumeClaim" in volume for volume in worker["volumes"])
    for pod in (head, worker):
        mounts = {mount["name"] for mount in pod["containers"][0]["volumeMounts"]}
        assert mounts == {volume["name"] for volume in pod["volumes"]}


def test_workers_have_the_gpu_that_the_settings_ask_for(cluster: dict[str, Any]) -> None:
    head, worker = pods(cluster)
    asked = environment(head)
    limits = worker["containers"][0]["resources"]["limits"]
    assert float(asked["DIGEST_RAY_GPUS_PER_WORKER"]) == limits["nvidia.com/gpu"]
    assert int(asked["DIGEST_RAY_WORKERS"]) == cluster["workerGroupSpecs"][0]["maxReplicas"]
    known = {f"{ENV_PREFIX}{name.upper()}" for name in Settings.model_fields}
    named = {name for pod in (head, worker) for name in environment(pod) if name.startswith(ENV_PREFIX)}
    assert named <= known


def test_nobody_joins_without_the_token_and_nothing_runs_as_root(cluster: dict[str, Any]) -> None:
    for pod in pods(cluster):
        given = environment(pod)
        assert (given["RAY_AUTH_MODE"], given["RAY_USAGE_STATS_ENABLED"]) == ("token", "0")
        assert given["RAY_AUTH_TOKEN"] == {"secretKeyRef": {"name": "digest-ray", "key": "token"}}
        assert pod["securityContext"]["runAsNonRoot"]
        assert pod["automountServiceAccountToken"] is False
        assert pod["containers"][0]["securityContext"]["capabilities"] == {"drop": ["ALL"]}
