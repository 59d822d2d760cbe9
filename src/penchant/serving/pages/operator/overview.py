"""The operator's page, and what it can change."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from starlette.responses import Response

from penchant.bundle import describe
from penchant.errors import ParameterError, PenchantError
from penchant.serving.api.routes.operations import card_of, note_model
from penchant.serving.deployment.deployment import Deployment, bundle_in
from penchant.serving.pages.operator.charts import operator_charts
from penchant.serving.pages.operator.comparison import comparison_figures
from penchant.serving.pages.operator.store_figures import StoreFigures
from penchant.serving.pages.operator.traffic import traffic_figures
from penchant.serving.pages.page import Page, PageRequest, PageRouter
from penchant.serving.service import Service

pages = PageRouter()

_BUNDLES = 20  # that are offered


@pages.page("/operator")
def operator_page(asked: PageRequest) -> Page:
    """Models, traffic, lists, feedback and the comparison, of all workers where these share it."""
    context, service = asked.context, asked.service
    if service.deployment.poll():  # another worker may have changed it just now
        note_model(context, changed=True)
    figures = store_figures(asked)
    data: dict[str, Any] = {
        "deployment": service.deployment.snapshot.to_dict(),
        "bundles": _other_bundles(service),
        "card": card_of(service.served),
        "traffic": traffic_figures(context.metrics.text()),
        "keeps_feedback": service.has_store,
        "records_lists": service.recorder is not None,
        "left_out": 0 if service.recorder is None else service.recorder.left_out,
        "feedback": None if figures is None else figures.feedback(service.served),
        "shown": None if figures is None else figures.shown(service.served),
        "comparison": comparison_figures(service.comparison),
    }
    return Page("operator.html", data, charts=partial(operator_charts, data))


@pages.action("/operator")
def change(asked: PageRequest) -> Response:
    """Try another bundle, put one in place, or go back.

    Raises:
        BundleError: the folder holds no sound bundle.
        ParameterError: the form asks for nothing of the kind.
    """
    deployment, wanted = asked.service.deployment, asked.field("do")
    if wanted == "promote":
        deployment.promote()
    elif wanted == "rollback":
        deployment.roll_back("by the operator")
    elif wanted in ("canary", "swap"):
        _put(deployment, asked, canary=wanted == "canary")
    else:
        raise ParameterError("A form of this page asks to promote, roll back, try or swap.")
    note_model(asked.context, changed=True)
    return asked.redirect("/operator#models")


def store_figures(asked: PageRequest) -> StoreFigures | None:
    """What the store says, counted anew every minute at most; None without a store."""
    service, state = asked.service, asked.request.app.state
    if not service.has_store:
        return None
    if not hasattr(state, "store_figures"):
        state.store_figures = StoreFigures(service.store)
    figures: StoreFigures = state.store_figures
    return figures


def _put(deployment: Deployment, asked: PageRequest, *, canary: bool) -> None:
    root = asked.service.settings.bundle.absolute().parent
    folder = bundle_in(Path(asked.field("bundle")), root)
    if not canary:
        deployment.swap(folder)
        return
    text = asked.field("share").strip().rstrip("%")
    try:
        share = float(text) / 100
    except ValueError:
        raise ParameterError(f"{text!r} is no share in per cent.") from None
    deployment.start_canary(folder, share)


def _other_bundles(service: Service) -> list[dict[str, Any]]:
    """The bundles that lie beside the one in place and could take its part."""
    snapshot = service.deployment.snapshot
    in_use = {arm.served.folder for arm in (snapshot.current, snapshot.canary) if arm is not None}
    root = service.settings.bundle.absolute().parent
    bundles: list[dict[str, Any]] = []
    for manifest in sorted(root.glob("*/manifest.json")):
        folder = manifest.parent
        if folder in in_use or len(bundles) == _BUNDLES:
            continue
        try:
            made = str(describe(folder)["made"])
        except (PenchantError, KeyError):
            continue
        bundles.append({"bundle": folder.name, "made": made})
    return bundles
