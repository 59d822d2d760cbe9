"""The pages of a service in a real browser: journeys, errors, phones, keyboards, screen readers."""

from __future__ import annotations

import re
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import polars as pl
import pytest

from penchant.bundle import save
from penchant.data.dataset import Dataset
from penchant.models import make

playwright_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
axe = pytest.importorskip(
    "axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed"
)
uvicorn = pytest.importorskip("uvicorn")

from penchant.serving.app import create_app  # noqa: E402
from penchant.serving.keys import Keys  # noqa: E402
from penchant.serving.settings import Settings  # noqa: E402

CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="the program chromium is not installed")

HOSTILE = '<script>document.title="owned"</script><img src=x onerror=alert(1)> "&amp; <b>bold'
LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft" * 2


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two bundles of comedies (1 to 12) and horror films (101 to 112), and an operator's file."""
    items = [*range(1, 13), *range(101, 113)]
    titles = [f"{'Comedy' if i < 100 else 'Horror'} {i}" for i in items]
    titles[13] = LONG
    table = pl.DataFrame(
        {
            "item": items,
            "title": titles,
            "genres": [["Comedy"] if i < 100 else ["<i>Horror"] for i in items],
        }
    )
    rows = [
        (user, item, 5.0 if (item < 100) == (user < 20) else 1.0, 86_400_000_000 * item)
        for user in range(40)
        for item in items
        if (user + item) % 4 and ((item < 100) == (user < 20) or item % 5 == user % 5)
    ]
    frame = pl.DataFrame(rows, schema=["user", "item", "rating", "time"], orient="row")
    frame = frame.with_columns(pl.col("time").cast(pl.Datetime("us")))
    log = Dataset.from_frame(frame, item_table=table, name="films", scale=(1, 5), positive=4)
    folder = tmp_path_factory.mktemp("service")
    for name in ("ease", "popular"):
        save(make(name).fit(log), folder / name)
    return folder


class Server:
    """A service in a thread."""

    def __init__(self, settings: Settings) -> None:
        app: Any = create_app(settings)
        self.app = app
        config = uvicorn.Config(app, port=0, log_level="error", access_log=False)
        self._server = uvicorn.Server(config)
        socket = config.bind_socket()
        self.address = f"http://127.0.0.1:{socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._server.run, args=([socket],), daemon=True)
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(10)


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Server]:
    store = f"sqlite:///{folder / 'feedback.db'}"
    server = Server(Settings(bundle=folder / "ease", store=store, record=True, log_format="none"))
    # A log takes markup out of titles; pages are to hold whatever comes.
    server.app.context.service.served.titles[2] = HOSTILE
    yield server
    server.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright_api.sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()


class Tab:
    """A page of a browser that notes what it asks for and complains of."""

    def __init__(self, browser: Any, address: str, **options: Any) -> None:
        self.context = browser.new_context(base_url=address, **options)
        self.page = self.context.new_page()
        self.page.set_default_timeout(5000)
        self.elsewhere: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda r: self._note(r.url, address))
        self.page.on("console", lambda m: self.complaints.append(m.text))
        self.page.on("pageerror", lambda e: self.complaints.append(str(e)))
        self.page.on("dialog", lambda d: (self.complaints.append(d.message), d.dismiss()))

    def _note(self, url: str, address: str) -> None:
        if not url.startswith((address, "data:")):
            self.elsewhere.append(url)


@pytest.fixture
def tab(browser: Any, server: Server) -> Iterator[Tab]:
    tab = Tab(browser, server.address)
    yield tab
    assert tab.elsewhere == []
    assert tab.complaints == []
    tab.context.close()


def titles(page: Any) -> list[str]:
    """The titles of the list."""
    return page.locator("#list h3 a").all_inner_texts()


def like(page: Any, title: str) -> None:
    page.get_by_role("button", name=f"Like {title}", exact=True).first.click()


def test_somebody_new_searches_likes_and_sees_the_list_change(tab: Tab) -> None:
    page, expect = tab.page, playwright_api.expect
    page.goto("/")
    page.get_by_role("searchbox", name="Search titles").press_sequentially("horror 10")
    expect(page.locator("#found li")).to_have_count(8)
    expect(page.get_by_role("status")).to_have_text("8 titles found.")
    like(page, "Horror 101")
    expect(page.get_by_role("status")).to_have_text("This is your list, of 10 items.")
    assert "liked=101" in page.url
    before = titles(page)
    assert all(title.startswith(("Horror", "Donau")) for title in before[:5])
    why = page.locator("#list details.why").first
    assert "you liked Horror 101" in why.locator("summary").inner_text()
    why.locator("summary").click()
    expect(why.get_by_role("row")).to_have_count(2)
    assert "100 %" in why.inner_text().replace("\u00a0", " ")
    first = page.locator("#list .rate").first
    first.locator("summary").click()
    page.get_by_role("button", name=f"5 of 5 for {before[0]}").click()
    expect(page.get_by_role("status")).to_contain_text("Your list has changed")
    assert before[0] not in titles(page)
    expect(page.locator(".change").first).to_be_visible()
    second = titles(page)[0]
    page.locator("#list").get_by_role("button", name=f"Not interested in {second}").click()
    expect(page.locator(".said li")).to_have_count(3)
    assert second not in titles(page)
    page.get_by_role("link", name=f"Take back what you say of {second}").click()
    expect(page.locator(".said li")).to_have_count(2)
    assert second in titles(page)
    page.go_back()
    expect(page.locator(".said li")).to_have_count(3)
    page.reload()
    expect(page.locator(".said li")).to_have_count(3)  # for it stands in the address


def test_all_of_it_works_without_script(browser: Any, server: Server) -> None:
    tab = Tab(browser, server.address, java_script_enabled=False)
    page, expect = tab.page, playwright_api.expect
    page.goto("/")
    page.get_by_role("searchbox").fill("horror")
    page.get_by_role("button", name="Search").click()
    like(page, "Horror 101")
    first_title = page.locator("#list h3 a").first
    expect(page.locator("#list li")).to_have_count(10)
    first = first_title.inner_text()
    page.locator("#list .rate summary").first.click()
    page.get_by_role("button", name=f"5 of 5 for {first}").first.click()
    expect(page.get_by_role("status")).to_contain_text("Your list has changed")
    expect(page.get_by_role("searchbox")).to_have_value("horror")
    page.get_by_role("link", name=f"Take back what you say of {first}").click()
    expect(first_title).to_have_text(first)
    page.locator("#list details.why summary").first.click()
    expect(page.locator("#list details.why table").first).to_be_visible()
    first_title.click()
    expect(page.get_by_role("heading", name="Why for you?")).to_be_visible()
    page.goto("/users/33")
    first = first_title.inner_text()
    page.get_by_role("button", name=f"Not interested in {first}").click()
    expect(first_title).not_to_have_text(first)
    page.get_by_role("button", name=f"Take back what you said of {first}").click()
    expect(first_title).to_have_text(first)
    assert (tab.elsewhere, tab.complaints) == ([], [])
    tab.context.close()


def test_a_user_says_takes_back_reads_and_deletes(tab: Tab) -> None:
    page, expect = tab.page, playwright_api.expect
    page.goto("/users")
    page.get_by_role("textbox").fill("5")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("heading", name="User 5")).to_be_visible()
    known = page.locator("#summary").inner_text()
    assert known.startswith("The model knows you by ")
    first = titles(page)[0]
    page.get_by_role("button", name=f"Not interested in {first}").click()
    expect(page.get_by_role("status")).to_contain_text(f"You are not interested in {first}")
    assert first not in titles(page)
    page.get_by_role("button", name=f"Take back what you said of {first}").click()
    expect(page.get_by_role("status")).to_have_text("Taken back.")
    assert titles(page)[0] == first
    like(page, first)
    expect(page.locator(".said .kind")).to_have_text("♥")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download all that is kept of you").click()
    assert '"like"' in Path(download.value.path()).read_text()
    page.get_by_role("link", name="Delete all that is kept of you").click()
    expect(page.get_by_role("heading", name="Delete all that is kept of you?")).to_be_visible()
    page.get_by_role("link", name="Keep it").click()
    expect(page.locator(".said .kind")).to_have_text("♥")
    page.get_by_role("link", name="Delete all that is kept of you").click()
    page.get_by_role("button", name="Delete everything").click()
    expect(page.get_by_role("status")).to_contain_text("All that was kept of you is deleted")
    expect(page.locator("#summary")).to_contain_text("Nothing is known of you yet")
    expect(page.locator(".said")).to_have_count(0)


def test_a_visitor_becomes_a_user(tab: Tab) -> None:
    page, expect = tab.page, playwright_api.expect
    page.goto("/?liked=101&rated=102:5&disliked=103")
    page.get_by_role("button", name="Keep what I say").click()
    expect(page.locator("h1")).to_have_text(re.compile(r"User \d{12,}"))
    expect(page.locator(".said .kind")).to_have_count(3)
    expect(page.locator("#summary")).to_contain_text("You are new to the model")


def test_an_operator_tries_a_model_and_withdraws_it(tab: Tab) -> None:
    page, expect = tab.page, playwright_api.expect
    page.goto("/users/7")
    like(page, titles(page)[0])
    expect(page.get_by_role("status")).to_contain_text("You like")
    page.goto("/operator")
    expect(page.get_by_role("heading", name="Feedback")).to_be_visible()
    page.get_by_label("Bundle").select_option("popular")
    page.get_by_label("Share of the people").fill("50")
    page.get_by_role("button", name="Try on this share").click()
    expect(page.get_by_role("row", name="Canary popular")).to_be_visible()
    page.get_by_role("link", name="Their lists side by side").click()
    page.get_by_role("textbox").fill("33")
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("heading", name="Canary popular")).to_be_visible()
    expect(page.locator(".two section")).to_have_count(2)
    expect(page.get_by_text("items are in both lists")).to_be_visible()
    page.goto("/operator")
    page.get_by_role("button", name="Withdraw the canary").click()
    expect(page.get_by_role("row", name="Canary popular")).to_have_count(0)
    expect(page.get_by_text("canary withdrawn: by the operator")).to_be_visible()


def test_titles_are_text_whatever_they_hold(tab: Tab) -> None:
    page = tab.page
    for address in ("/items/3", "/?q=comedy+3", "/?liked=3", "/popular", "/users/1"):
        page.goto(address)
        shown = page.locator("main").get_by_text(HOSTILE).filter(visible=True)
        assert shown.count() >= 1, address
        assert page.title() != "owned"
    page.goto("/items/102")
    assert page.get_by_text("<i>Horror").is_visible()
    page.goto("/compare?user=" + quote(HOSTILE))
    assert page.get_by_text(f"For user {HOSTILE}").is_visible()
    page.goto("/?q=" + quote(HOSTILE))
    assert page.get_by_role("heading", name=f"Titles with “{HOSTILE}”").is_visible()


PAGES = [
    "/",
    "/?liked=101&rated=102:5&disliked=1&q=comedy",
    "/?q=nothing+like+it",
    "/users",
    "/users/33",
    "/users/33?delete=ask",
    "/items/102?user=33",
    "/items/3",
    "/popular",
    "/compare?user=33",
    "/operator",
    "/docs",
    "/signin",
]


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_are_accessible_and_fit_a_phone(browser: Any, server: Server, scheme: Any) -> None:
    tab = Tab(browser, server.address, color_scheme=scheme)
    checker = axe.Axe()
    rules = None if scheme == "light" else {"runOnly": ["color-contrast"]}  # colours alone differ
    found = {}
    for address in PAGES:
        width = 390 if scheme == "light" else 1200
        tab.page.set_viewport_size({"width": width, "height": 844})
        assert tab.page.goto(address).status == 200, address
        wide = tab.page.evaluate("document.documentElement.scrollWidth")
        violations = [
            (each["id"], [node["html"][:120] for node in each["nodes"][:2]])
            for each in checker.run(tab.page, options=rules).response["violations"]
        ]
        if violations or wide > width:
            found[address] = (wide, violations)
    assert not found
    assert (tab.elsewhere, tab.complaints) == ([], [])
    tab.context.close()


def test_keys_alone_lead_through_the_page(tab: Tab) -> None:
    page, expect = tab.page, playwright_api.expect
    page.goto("/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="To the content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("horror 103")
    page.keyboard.press("Enter")
    expect(page.locator("#found-heading")).to_be_focused()
    for _ in range(2):  # past the title
        page.keyboard.press("Tab")
    expect(page.locator("#found-like-103")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("This is your list")
    expect(page.locator("#found-like-103")).to_be_focused()  # where it was
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="5 of 5 for Horror 103")).to_be_visible()


def test_errors_are_pages(browser: Any, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    tab = Tab(browser, server.address)
    page = tab.page
    for address, status, heading in (
        ("/nonsense", 404, "There is nothing here"),
        ("/items/999", 404, "There is nothing here"),
        ("/?rated=1:99", 422, "This makes no sense"),
    ):
        assert page.goto(address).status == status
        assert page.get_by_role("heading", name=heading).is_visible()

    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("secret details")

    monkeypatch.setattr(server.app.context.service, "recommend", fail)
    page.goto("/")
    page.get_by_role(
        "button", name="Like"
    ).first.click()  # by script, which then lets the browser show the page
    page.get_by_role("heading", name="Something failed").wait_for()
    assert "secret" not in page.content()
    assert tab.elsewhere == []
    tab.context.close()


def test_who_signs_in_gets_where_they_wanted_and_others_can_send_nothing(
    browser: Any, folder: Path
) -> None:
    known, secret = Keys().added("operator", "admin")
    known.write(folder / "keys.json")
    server = Server(Settings(bundle=folder / "ease", keys=folder / "keys.json", log_format="none"))
    tab = Tab(browser, server.address)
    page = tab.page
    assert page.goto("/operator").status == 401
    page.get_by_label("API key").fill("pk_wrong")
    page.get_by_role("button", name="Sign in").click()
    playwright_api.expect(page.get_by_text("This key is not known.")).to_be_visible()
    page.get_by_label("API key").fill(secret)
    page.get_by_role("button", name="Sign in").click()
    playwright_api.expect(page.get_by_role("heading", name="Operator", exact=True)).to_be_visible()
    cookies = {cookie["name"]: cookie for cookie in tab.context.cookies()}
    assert (cookies["penchant_key"]["httpOnly"], cookies["penchant_key"]["sameSite"]) == (
        True,
        "Strict",
    )
    assert page.evaluate("document.cookie") == ""
    other = server.address.replace("127.0.0.1", "localhost")  # another site to a browser
    page.goto(f"{other}/signin")
    status = page.evaluate(
        """(url) => fetch(url, {method: "POST", mode: "no-cors", credentials: "include",
            body: new URLSearchParams({do: "rollback"})}).then(() => "sent", () => "refused")""",
        f"{server.address}/operator",
    )
    assert status == "refused"  # by the pages' own policy already
    page.goto(f"{server.address}/operator")
    page.get_by_role("button", name="Sign out").click()
    assert page.goto("/operator").status == 401
    tab.context.close()
    server.stop()
