"""The commonest request, answered before it is routed."""

from __future__ import annotations

import re
from urllib.parse import unquote

from starlette.types import ASGIApp, Receive, Scope, Send

from penchant.errors import ParameterError, PenchantError
from penchant.serving.api.context import Context
from penchant.serving.api.json_response import json_response
from penchant.serving.queries import ListQuery, PersonQuery
from penchant.serving.texts import text_of

ROUTE = "/v1/users/{user}/recommendations"
_PATH = re.compile(rb"/v1/users/([^/]{1,2000})/recommendations")
_QUERY = re.compile(rb"(?:k=(\d{1,4}))?")


class FastLists:
    """An ASGI application around the routes that answers the plain list of a user itself.

    Routing, dependencies and validation take as long as the list. What has further parameters, is
    wrong, or takes longer is left to the route, which says the same of what is answered here.

    Args:
        app: the routes.
        context: of the application.
    """

    def __init__(self, app: ASGIApp, context: Context) -> None:
        self._app = app
        self._context = context

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; see the class."""
        query = _query_of(scope)
        service = self._context.service
        if query is not None and service.served.is_fast:
            try:
                answer = service.recommend(query)
            except PenchantError:
                answer = None  # the route says what is wrong
            if answer is not None:
                scope["penchant.route"] = ROUTE
                self._context.count_list(answer)
                await json_response(answer)(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _query_of(scope: Scope) -> ListQuery | None:
    """The list that a request asks for, where it asks for nothing but a list."""
    if scope["type"] != "http" or scope["method"] != "GET":
        return None
    path = _PATH.fullmatch(scope.get("raw_path") or b"")
    query = _QUERY.fullmatch(scope["query_string"])
    if path is None or query is None:
        return None
    k = 10 if query[1] is None else int(query[1])
    try:
        user = text_of(unquote(path[1].decode("ascii", "replace")), "id of a user")
    except ParameterError:
        return None  # the route says what is wrong
    return ListQuery(PersonQuery(user), k) if k else None
