"""The application: routes, what stands before them, and what runs beside them."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from importlib.metadata import version

from fastapi import Depends, FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp

from penchant.serving.api.access import Access
from penchant.serving.api.context import Context
from penchant.serving.api.description import describe_routes
from penchant.serving.api.errors import ErrorResponses, add_error_handlers
from penchant.serving.api.fast_lists import FastLists
from penchant.serving.api.gateway import Gateway
from penchant.serving.api.metrics import Metrics
from penchant.serving.api.query_parameters import known_parameters
from penchant.serving.api.routes import items, lists, operations, people
from penchant.serving.api.routes.operations import note_model
from penchant.serving.keys import Keys
from penchant.serving.pages import add_pages, error_page
from penchant.serving.service import Service
from penchant.serving.settings import SETTINGS_VARIABLE, Settings
from penchant.threads import use_threads

logger = logging.getLogger(__name__)


def create_app(settings: Settings) -> ASGIApp:
    """The service as an ASGI application.

    Raises:
        BundleError: the bundle is missing or damaged.
        DataError: the rules, the keys or the comparison cannot be read, or the store.
    """
    store = None
    if settings.store is not None:
        from penchant.serving.store import Store

        store = Store.open(settings.store)
    service = Service(settings, store)
    context = Context(service, Metrics())
    note_model(context)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        spare_collector()
        watcher = asyncio.create_task(_watch(context))
        try:
            yield
        finally:
            context.ready = False
            watcher.cancel()
            await run_in_threadpool(service.close)

    app = FastAPI(
        title=settings.title,
        version=version("penchant"),
        description="Recommendations with reasons, from a bundle.",
        lifespan=lifespan,
        docs_url=None,  # those of FastAPI load scripts from elsewhere
        redoc_url=None,
        openapi_url="/openapi.json",
    )
    app.state.context = context
    keys = None if settings.keys is None else Keys.read(settings.keys)
    access = Access(keys, settings.rate_limit)
    errors = ErrorResponses(partial(error_page, app))
    add_error_handlers(app, errors)
    for module in (lists, people, items, operations):
        app.include_router(module.router, dependencies=[Depends(known_parameters)])
    add_pages(app, settings, access)
    describe_routes(app, settings)
    return Gateway(
        FastLists(app, context),
        access,
        context,
        settings.max_body,
        settings.log_format,
        errors,
        settings.root_path,
        settings.allowed_hosts,
        settings.cors_origins,
    )


def from_environment() -> ASGIApp:
    """The application of a worker, whose settings stand in an environment variable."""
    settings = Settings.model_validate_json(os.environ[SETTINGS_VARIABLE])
    use_threads(settings.threads)
    return create_app(settings)


async def _watch(context: Context) -> None:
    """Take in newer bundles, rules, and what other workers were told, while requests go on."""
    service = context.service
    while True:
        await asyncio.sleep(service.settings.reload_seconds)
        try:
            if await run_in_threadpool(service.deployment.poll):
                note_model(context, changed=True)
                await run_in_threadpool(spare_collector)
        except Exception:
            logger.exception("What is served could not be brought up to date; it is tried again.")


def spare_collector() -> None:
    """Keep what stays, such as the model, out of searches for garbage, which hold all requests up.

    Beside a large catalogue such a search takes a tenth of a second.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()
