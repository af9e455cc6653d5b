"""Refuses an HTTP request immediately that the daemons would refuse by the limits of users."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from spectacle.client.files import spool_errors
from spectacle.errors import OverLimit
from spectacle.gateway.jobs import Order
from spectacle.gateway.problems import problem_of
from spectacle.gateway.tokens import User
from spectacle.spool.directory import Spool
from spectacle.spool.naming import RequestName, make_stem, request_name
from spectacle.spool.usage import Usage, read_accounts
from spectacle.spool.user_limits import over, over_waiting, too_large

if TYPE_CHECKING:
    from spectacle.gateway.core import Gateway
    from spectacle.gateway.view import View


async def check_user_limits(gateway: Gateway, user: User, order: Order) -> None:
    """Do nothing when the daemons would not refuse one more request of a user.

    Raises:
        Problem: Otherwise, with the time after which to try again, if that is known.
        SpoolUnavailable: When the spool cannot be read.
    """
    limits = gateway.settings.limits.users
    name = RequestName.from_stem(make_stem(user.name, "1", order.width, order.height, order.kind))
    if not limits.are_set or name is None:
        return
    view = await gateway.view.recent()
    error = over_waiting(user.name, len(view.waiting.get(user.name, ())), limits)
    if error is None and (limits.over == "error" or too_large(name, limits)):
        live = {str(each.get("instance")) for each in await gateway.kinds.instances()}
        error = await asyncio.to_thread(_over, gateway, name, view, live)
    if error is not None:
        raise problem_of(error)


def _over(gateway: Gateway, name: RequestName, view: View, live: set[str]) -> OverLimit | None:
    waiting = [request for stem in view.waiting.get(name.user, ()) if (request := RequestName.from_stem(stem))]
    with spool_errors(gateway.spool):
        spool = Spool(gateway.spool)
        spool.open()
        try:
            usage = read_accounts(spool, live).get(name.user, Usage())
            now = spool.now_ns() / 1e9
        finally:
            spool.close()
    # What has its result may not have been noted yet.
    usage.running = {stem for stem in usage.running if request_name(stem) in view.known}
    pixels = sum(request.width * request.height for request in waiting)
    return over(name, usage, gateway.settings.limits.users, now, ahead=len(waiting), ahead_pixels=pixels)
