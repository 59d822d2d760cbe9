"""Pages of hostile titles, ids and names in a real browser, without the policy in their head.

The Content-Security-Policy of a page is a second wall. Here it is taken away, so that escaping has
to do alone: no script may run, and nothing may be asked from any host.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import penchant as pn
from penchant.exploration.log_exploration import explore
from penchant.models import Popular, make
from penchant.reporting import report
from penchant.reporting.pages.exploration import write_exploration
from penchant.results.evaluation_summary import EvaluationSummary
from penchant.results.graph import bars, lines
from penchant.results.study.opening import Opening
from penchant.results.study.sections import Conclusion, DataTable, Section
from penchant.studies.study import Steps
from penchant.testing.logs import planted_ratings
from support.fuzzing import generator, tally
from support.hostile_server import HostileServer, hostile_server, respond

CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="the program chromium is not installed")
BROWSERS_OWN = re.compile(r"(^|\.)(google|googleapis|gstatic|gvt1|chrome)\.com")
POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')
MESSAGE = "new Image().src='URL'"
PAYLOADS = (
    "<script>MESSAGE</script>",
    "<script src=URL></script>",
    '"><script>MESSAGE</script>',
    '\'><img src=x onerror="MESSAGE">',
    '" onerror="MESSAGE" src="x',
    "' autofocus tabindex=0 onfocus='MESSAGE",
    '" style="background:url(URL)',
    "</style><script>MESSAGE</script>",
    "</style><style>@import url(URL);</style>",
    "</title><script>MESSAGE</script>",
    "</text></svg><script>MESSAGE</script>",
    '<svg onload="MESSAGE"></svg>',
    "</td></table><iframe src=URL></iframe>",
    "--><script>MESSAGE</script><!--",
    "]]><script>MESSAGE</script>",
    "</textarea></pre></code><link rel=stylesheet href=URL>",
    "<meta http-equiv=refresh content='0;url=URL'>",
    "<object data=URL></object>",
    "<video src=URL autoplay></video>",
    "&lt;script&gt;MESSAGE&lt;/script&gt;",
    "<scr<script>ipt>MESSAGE</script>",
    "<\x00script>MESSAGE</script>",
    "<ScRiPt\n>MESSAGE</sCrIpT\t>",
    '<details open ontoggle="MESSAGE">',
    "}</style><style>*{background:url(URL)}",
    "{{ MESSAGE }}{% raw %}<script>MESSAGE</script>",
    "\u202e<script>MESSAGE</script>\u2028",
)


def payloads(server: HostileServer) -> list[str]:
    """Each payload with an address that tells which it was."""
    urls = [f"{server.url}/payload-{n}" for n in range(len(PAYLOADS))]
    pairs = zip(PAYLOADS, urls, strict=True)
    return [p.replace("MESSAGE", MESSAGE).replace("URL", url) for p, url in pairs]


@pytest.fixture(scope="module")
def server() -> Iterator[HostileServer]:
    with hostile_server() as running:
        yield running


@pytest.fixture(scope="module")
def names(server: HostileServer) -> list[str]:
    return [str(name) for name in generator("pages").permutation(np.array(payloads(server)))]


@pytest.fixture(scope="module")
def log(names: list[str]) -> pn.Dataset:
    """Ratings whose users, items, titles, genres and name are all hostile."""
    plain = planted_ratings(n_users=len(names), n_items=len(names), per_user=9)
    ids = [f"{name} {n}" for n, name in enumerate(names)]
    frame = plain.frame().drop("row")
    for column in ("user", "item"):
        known = plain.users.ids if column == "user" else plain.items.ids
        renamed = dict(zip(known.to_list(), ids, strict=False))
        frame = frame.with_columns(pl.col(column).replace_strict(renamed, return_dtype=pl.String))
    table = pl.DataFrame({"item": ids, "title": names[::-1], "genres": [[n] for n in names]})
    table = table.with_columns(pl.Series(names[0], names))
    return pn.Dataset.from_frame(frame, item_table=table, name=names[1], scale=(1, 5))


@pytest.fixture(scope="module")
def pages(log: pn.Dataset, names: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a page of each kind."""
    folder = tmp_path_factory.mktemp("pages")
    split = pn.split_per_user(log, validation=0.2, test=0.2)
    models = {names[2]: make("ease"), names[3]: make("item-knn"), "popular": Popular()}
    result = pn.evaluate(models, split, replicates=20)
    report(result, folder / "report.html", title=names[4], users=log.users.ids.to_list()[:3])
    write_exploration(explore(log), folder / "explore.html")
    space = {"l2": [1.0, 2.0], "x": [names[5], names[6]]}
    tuning = pn.tune(lambda l2, x: make(f"ease:l2={l2}"), split, "ndcg@5", space=space)
    report(tuning, folder / "tuning.html")
    values = {name: float(n) for n, name in enumerate(names)}
    section = Section(
        title=names[7],
        text=names[8],
        conclusions=(Conclusion("trap", names[9]),),
        tables=(DataTable(pl.DataFrame({names[10]: names, names[11]: names[::-1]}), names[12]),),
        charts=(
            bars(names[13], {names[14]: values, names[15]: values}),
            lines(names[16], {name: [1, 2, 3] for name in names[:4]}),
        ),
        comparisons=(EvaluationSummary.of(result),),
    )
    steps = Steps("made", log, version=1)
    graph = bars(names[1], {names[2]: values})
    opening = Opening(claimed=names[18], holds=names[19], use=names[0], graph=graph)
    study = steps.result(title=names[17], opening=opening, sections=[section])
    report(study, folder / "study.html")
    return folder


def browse(page: Path, server: HostileServer) -> None:
    """Open a page; whatever host it asks for, the request comes to the server."""
    assert CHROMIUM is not None
    command = [
        CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
        "--allow-file-access-from-files", "--disable-web-security", "--no-proxy-server",
        f"--host-resolver-rules=MAP * 127.0.0.1:{server.port}",
        f"--user-data-dir={page.parent / 'profile'}", "--virtual-time-budget=3000", "--dump-dom",
        page.as_uri(),
    ]  # fmt: skip
    done = subprocess.run(command, check=True, capture_output=True, timeout=120)
    assert b"</html>" in done.stdout


def framed(pages: list[Path], path: Path) -> Path:
    """A page that shows others, so that the browser has to start once only."""
    frames = "".join(f'<iframe src="{page.as_uri()}" height=4000></iframe>' for page in pages)
    path.write_text(f"<!doctype html><html><body>{frames}</body></html>", encoding="utf-8")
    return path


def of_pages(server: HostileServer) -> set[tuple[str, str | None]]:
    """The hosts and paths that were asked, but for what the browser asks of its own accord."""
    return {(host, path) for host, path in server.hosts if not BROWSERS_OWN.search(host)}


def test_the_browser_and_the_server_would_notice(server: HostileServer, tmp_path: Path) -> None:
    """The payloads work where nothing escapes them, and requests to other hosts come in."""
    pages = []
    for n, payload in enumerate(payloads(server)):
        places = f"<body><p>{payload}</p><img alt=\"{payload}\"><b title='{payload}'>x</b></body>"
        pages.append(tmp_path / f"{n}.html")
        pages[-1].write_text(f"<!doctype html><html>{places}</html>", encoding="utf-8")
    pages.append(tmp_path / "far.html")
    far = "<img src='http://far.example/far'><img src='https://safe.example/x'>"
    pages[-1].write_text(far, encoding="utf-8")
    server.asked.clear()
    server.answers["/far"] = [respond(b"")]
    browse(framed(pages, tmp_path / "all.html"), server)
    working = {path for path in server.asked if path.startswith("/payload-")}
    assert len(working) >= len(PAYLOADS) * 0.7, sorted(working)
    assert {("far.example", "/far"), ("safe.example", None)} <= of_pages(server)


def test_nothing_of_hostile_names_runs_in_pages(pages: Path, server: HostileServer) -> None:
    stripped = []
    for page in sorted(pages.glob("*.html")):
        text, count = POLICY.subn("", page.read_text(encoding="utf-8"))
        assert count == 1, f"{page.name} has no policy to take away"
        stripped.append(page.with_name(f"stripped-{page.name}"))
        stripped[-1].write_text(text, encoding="utf-8")
    assert len(stripped) == 4
    with tally("hostile names on pages without a policy") as counts:
        server.hosts.clear()
        browse(framed(stripped, pages / "all.html"), server)
        for host, path in sorted(of_pages(server), key=str):
            number = (path or "").removeprefix("/payload-")
            what = PAYLOADS[int(number)] if number.isdecimal() else path
            counts.fault(f"{what!r} made a request to {host}")
        counts.accepted += len(stripped) * len(PAYLOADS)
