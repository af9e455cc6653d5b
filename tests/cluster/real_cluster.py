"""A real Ray cluster on this machine, as a process of its own: `python real_cluster.py` obeys lines on its input.

`add` starts a node with one GPU that is only claimed to be there, `remove` ends the newest one without warning, `quit`
ends all of it. Each is acknowledged by a line on standard output.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from ray.cluster_utils import Cluster

NODE: dict[str, Any] = {"object_store_memory": 80 << 20}
"""The least that Ray takes is 75 MiB; by default, it is a third of the machine's memory."""


def patiently(start: Callable[[], Any]) -> Any:
    """What `start` returns. Ray gives a node 30 s to start: too little where the machine has much else to do."""
    for _ in range(4):
        try:
            return start()
        except Exception as error:
            if "timed out during startup" not in str(error):
                raise
    return start()


def main() -> None:
    head = {**NODE, "num_cpus": 0, "num_gpus": 0, "include_dashboard": False}
    cluster = patiently(lambda: Cluster(initialize_head=True, head_node_args=head))
    nodes: list[Any] = []
    print(cluster.address, flush=True)
    for line in sys.stdin:
        match line.strip():
            case "add":
                nodes.append(patiently(lambda: cluster.add_node(num_cpus=1, num_gpus=1, **NODE)))
            case "remove":
                cluster.remove_node(nodes.pop(), allow_graceful=False)
            case "quit":
                cluster.shutdown()
        print("done", flush=True)


if __name__ == "__main__":
    main()
