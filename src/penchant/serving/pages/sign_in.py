"""Sign in with an API key, which the browser then keeps where no script sees it."""

from __future__ import annotations

from starlette.responses import Response

from penchant.serving.api.access import KEY_COOKIE, Access
from penchant.serving.pages.page import Page, PageRequest, PageRouter

pages = PageRouter()


@pages.page("/signin")
def sign_in_page(asked: PageRequest) -> Page:
    """A form for the key."""
    return Page("sign_in.html", _data(asked, asked.parameter("next"), wrong=False))


@pages.action("/signin")
def sign_in(asked: PageRequest) -> Page | Response:
    """Keep a key that is known, and go to what was asked for."""
    access: Access = asked.request.app.state.access
    secret = asked.field("key").strip()
    target = local_path(asked.field("next"))
    if not access.has_keys:
        return asked.redirect(target)
    if access.known(secret) is None:
        return Page("sign_in.html", _data(asked, target, wrong=True), status=401)
    return asked.redirect(target, cookies={KEY_COOKIE: secret})


@pages.action("/signout")
def sign_out(asked: PageRequest) -> Response:
    """Forget the key."""
    return asked.redirect("/signin", cookies={KEY_COOKIE: None})


def local_path(target: str) -> str:
    """A path of this service; the first page where something else is given."""
    is_local = target.startswith("/") and not target.startswith(("//", "/\\"))
    return target if is_local and target.isprintable() else "/"


def _data(asked: PageRequest, target: str, *, wrong: bool) -> dict[str, object]:
    access: Access = asked.request.app.state.access
    return {"needs_key": access.has_keys, "next": local_path(target), "wrong": wrong}
