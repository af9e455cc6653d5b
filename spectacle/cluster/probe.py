"""Asks a cluster what it is, run as a process: `python -m spectacle.cluster.probe ADDRESS`; imports ray.

Writes one JSON object to standard output: `refused` when the cluster does not accept the token, `error` when it cannot
be asked; otherwise its `ray` and `python` versions, what each of its `nodes` has, and whether one of the nodes is on
this host, `here`.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any


def ask(address: str) -> dict[str, Any]:
    """What the cluster says about itself."""
    from ray._common.usage.usage_lib import get_cluster_metadata
    from ray._private.services import find_node_ids
    from ray._raylet import GcsClient
    from ray.exceptions import AuthenticationError

    try:
        client = GcsClient(address=address)
        about = get_cluster_metadata(client) or {}
        nodes = [each for each in client.get_all_node_info(timeout=10).values() if each.state == 0]
    except AuthenticationError:
        return {"refused": True}
    except Exception as error:
        return {"error": type(error).__name__}
    return {
        "ray": about.get("ray_version"),
        "python": about.get("python_version"),
        "nodes": [dict(each.resources_total) for each in nodes],
        "here": bool(find_node_ids()),
    }


def main() -> None:
    """Ask the cluster at the address that is the argument."""
    # Libraries write to the descriptor itself.
    with os.fdopen(os.dup(1), "w") as output:
        os.dup2(2, 1)
        json.dump(ask(sys.argv[1]), output)


if __name__ == "__main__":
    main()
