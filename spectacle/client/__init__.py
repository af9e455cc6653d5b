"""Request images from a Spectacle daemon in a Python program, through the spool directory alone.

    result = generate("/srv/spectacle/spool", "a red fox in the snow", width=640, height=480, timeout=600)
    print(result.primary)

It needs nothing but the standard library and knows nothing but the protocol: the daemon may run on another host.
"""

from spectacle.client.generating import generate, generate_async
from spectacle.client.submission import cancel, cancel_async, new_message_id, submit, submit_async
from spectacle.client.tickets import (
    InvalidRequest,
    Progress,
    RequestCancelled,
    RequestExists,
    RequestFailed,
    Result,
    Ticket,
    WaitTimeout,
)
from spectacle.client.waiting import wait, wait_async

__all__ = [
    "InvalidRequest",
    "Progress",
    "RequestCancelled",
    "RequestExists",
    "RequestFailed",
    "Result",
    "Ticket",
    "WaitTimeout",
    "cancel",
    "cancel_async",
    "generate",
    "generate_async",
    "new_message_id",
    "submit",
    "submit_async",
    "wait",
    "wait_async",
]
