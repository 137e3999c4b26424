"""A Ray cluster of two nodes on this machine's loopback, as small as it can be, for tests and benchmarks."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from digest_pipeline.compute import pool

# Ray reads its environment when it is imported, which is after this.
os.environ |= {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_AUTH_MODE": "token",  # who joins needs it; what this process starts has it
    "RAY_AUTH_TOKEN": secrets.token_hex(32),
    # Else Ray puts the machine's other address in the place of 127.0.0.1, and listens there. Linux heeds it as well.
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
}
HOST = "127.0.0.1"
OBJECT_STORE_BYTES = 80 << 20


@dataclass
class Nodes:
    """Two nodes with one core each. Temporary files of the second one's workers lie in ``folder``."""

    raylets: Any
    other: Any
    folder: Path

    @property
    def address(self) -> str:
        """For ``ray_address``."""
        return str(self.raylets.address)

    def kill_other(self) -> None:
        """SIGKILL for the second node's processes, and with its raylet its workers end."""
        self.raylets.remove_node(self.other, allow_graceful=False)


@contextmanager
def two_nodes(folder: Path) -> Iterator[Nodes]:
    """Start both, and end them with the block. Workers inherit the environment of this moment."""
    import ray
    from ray.cluster_utils import Cluster

    size: dict[str, Any] = {"num_cpus": 1, "object_store_memory": OBJECT_STORE_BYTES, "include_dashboard": False}
    size["node_ip_address"] = HOST
    fair = {"RAY_worker_niceness": "0"}  # 15 by default: on a busy machine that is next to nothing
    raylets = Cluster(initialize_head=True, head_node_args={**size, "env_vars": fair})
    try:
        other = raylets.add_node(**size, env_vars={**fair, "TMPDIR": str(folder)})
        raylets.wait_for_nodes()
        yield Nodes(raylets, other, folder)
    finally:
        pool._cluster.cache_clear()
        ray.shutdown()
        raylets.shutdown()
