"""What an actor learns about itself."""

import itertools
import threading

_numbers = itertools.count()
_lock = threading.Lock()


def get_node_ip_address() -> str:
    return "10.0.0.7"


class Context:
    def get_actor_id(self) -> str:
        with _lock:
            return f"actor-{next(_numbers)}"

    def get_node_id(self) -> str:
        return "node"
