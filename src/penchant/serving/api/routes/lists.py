"""Lists and their reasons."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from penchant.repeats import Repeats
from penchant.serving.api.answers import ExplanationAnswer, ListAnswer, SimilarUsersAnswer
from penchant.serving.api.context import ERRORS, Context, K, Served, in_thread
from penchant.serving.api.ids import IdText, ItemPath, UserPath
from penchant.serving.api.json_response import json_response
from penchant.serving.api.requests import ExplainBody, ListBody
from penchant.serving.queries import ListQuery, PersonQuery

router = APIRouter(prefix="/v1", tags=["lists"], responses=ERRORS)

Explain = Annotated[bool, Query(description="Say why, for each item.")]


@router.get("/users/{user:id}/recommendations", response_model=ListAnswer)
async def recommend_to_user(
    context: Served,
    user: UserPath,
    k: K = 10,
    explain: Explain = False,
    repeats: Repeats = "excluded",
    exclude: Annotated[
        list[IdText] | None, Query(description="Items to leave out; again for more.")
    ] = None,
) -> Response:
    """The items that suit a user best; popular ones for somebody of whom nothing is known."""
    query = ListQuery(
        PersonQuery(user), k, explain=explain, repeats=repeats, exclude=tuple(exclude or ())
    )
    return json_response(await _list(context, query))


@router.post("/recommendations", response_model=ListAnswer)
async def recommend(context: Served, body: ListBody) -> Response:
    """The items that suit somebody best, by what they like, rate, or look at just now."""
    return json_response(await _list(context, body.list_query()))


@router.get("/users/{user:id}/explanations/{item:id}", response_model=ExplanationAnswer)
async def explain_to_user(context: Served, user: UserPath, item: ItemPath) -> Response:
    """Why an item suits a user, or does not."""
    answer = await in_thread(context.service.explain, PersonQuery(user), item)
    return json_response(answer)


@router.post("/explanations", response_model=ExplanationAnswer)
async def explain(context: Served, body: ExplainBody) -> Response:
    """Why an item suits somebody, by what they like or rate."""
    return json_response(await in_thread(context.service.explain, body.query(), str(body.item)))


@router.get("/users/{user:id}/similar", response_model=SimilarUsersAnswer)
async def similar_users(context: Served, user: UserPath, k: K = 10) -> Response:
    """The users of the log who are most like one."""
    answer = await in_thread(context.service.similar_people, PersonQuery(user), k)
    return json_response(answer)


async def _list(context: Context, query: ListQuery) -> dict[str, Any]:
    """A list, at once where that is fast, otherwise while others are answered."""
    service = context.service
    if service.served.is_fast and not query.explain and query.rules is None:
        answer = service.recommend(query)
    else:
        answer = await in_thread(service.recommend, query)
    context.count_list(answer)
    return answer
