"""Who makes an HTTP request: the token it presents, in any of the ways that clients know."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated

from fastapi import Depends, Request

from spectacle.gateway.problems import Problem
from spectacle.gateway.tokens import LOCAL_USER, Tokens, User

PATH_TOKEN = "spectacle.token"  # noqa: S105 - a name, and no token
"""Key of the scope under which a token from the path is found."""


def presented_token(request: Request) -> str | None:
    """The token that a request presents, or None.

    It is looked for in the path, in `x-api-key`, and in `Authorization`: after `Bearer`, alone, or as the password of
    `Basic`.
    """
    if token := request.scope.get(PATH_TOKEN):
        return str(token)
    if key := request.headers.get("x-api-key", "").strip():
        return key
    scheme, _, rest = request.headers.get("authorization", "").strip().partition(" ")
    match scheme.lower():
        case "":
            return None
        case "bearer":
            return rest.strip() or None
        case "basic":
            try:
                pair = base64.b64decode(rest.strip(), validate=True).decode("utf-8", "replace")
            except (binascii.Error, ValueError):
                return None
            user, colon, password = pair.partition(":")
            return (password if colon and password else user) or None
    return scheme if not rest else None


async def user_of(request: Request) -> User:
    """The user who makes a request.

    Raises:
        Problem: When a token is needed and none is presented, or none that is valid.
    """
    tokens: Tokens = request.app.state.tokens
    if not tokens.needed():
        return User(LOCAL_USER)
    presented = presented_token(request)
    user = None if presented is None else tokens.user_of(presented)
    if user is None:
        if not tokens.entries():
            message = "the gateway has no tokens yet. Add one with `spectacle gateway token add NAME` where it runs."
        elif presented is None:
            message = (
                "no valid token. Send `Authorization: Bearer TOKEN`, which `spectacle gateway token add NAME` makes."
            )
        else:
            message = "invalid token. Use one that `spectacle gateway token add NAME` has printed."
        raise Problem(
            401,
            "unauthorized",
            message,
            headers={"WWW-Authenticate": 'Bearer realm="spectacle"'},
        )
    return user


Authenticated = Annotated[User, Depends(user_of)]
"""The user who makes a request, as a parameter of a route."""
