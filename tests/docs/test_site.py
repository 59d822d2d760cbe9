"""The documentation's links, contents and references are whole; `make docs` builds the site."""

from __future__ import annotations

import ast
import html
import importlib
import inspect
import re
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

import penchant
import penchant.errors
from penchant.models import TABLE, parameters_of
from penchant.models.table import find
from site_builder import architecture, messages
from site_builder.commands import commands, commands_of, shared_options
from site_builder.models import family_of, models_of

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
SOURCE = ROOT / "src" / "penchant"
PAGES = sorted(DOCS.rglob("*.md"))
_FENCE = re.compile(r"^(`{3,}|~{3,}).*?^\1$", re.M | re.S)
_LINK = re.compile(r"\]\(([^)\s]+)\)")


def prose_of(page: Path) -> str:
    """The text of a page without its blocks of code."""
    return _FENCE.sub("", page.read_text(encoding="utf-8"))


def anchors_of(page: Path) -> set[str]:
    """The anchors that GitHub gives to the headings of a page, as the site does."""
    anchors: Counter[str] = Counter()
    names = set()
    for heading in re.findall(r"^#{1,6} +(.+?) *$", prose_of(page), re.M):
        text = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading.lower())
        slug = re.sub(r"[^\w\- ]", "", text).replace(" ", "-")
        names.add(f"{slug}-{anchors[slug]}" if anchors[slug] else slug)
        anchors[slug] += 1
    return names


def dead_links(page: Path) -> list[str]:
    """The links of a page to files and headings that are not there."""
    dead = []
    for link in _LINK.findall(re.sub(r"`[^`\n]*`", "", prose_of(page))):
        if re.match(r"[a-z]+:", link):
            continue
        file, _, anchor = link.partition("#")
        target = (page.parent / file).resolve() if file else page
        if not target.exists() or (anchor and anchor not in anchors_of(target)):
            dead.append(link)
    return dead


@pytest.mark.parametrize(
    "page",
    [*PAGES, *ROOT.glob("*.md")],
    ids=lambda page: str(page.relative_to(ROOT)),
)
def test_links_lead_somewhere(page):
    assert dead_links(page) == []


def test_dead_links_are_found(tmp_path):
    page = tmp_path / "a.md"
    page.write_text(
        "# One\n## `--two` and *3*\n## One\n[a](a.md) [b](#one) [c](#one-1) [d](#--two-and-3)\n"
        "[e](b.md) [f](#none) [g](https://example.com) `[h](x.md)`\n```text\n[i](x.md)\n```\n"
    )
    assert dead_links(page) == ["b.md", "#none"]


def test_every_page_is_in_one_table_of_contents():
    listed = Counter[Path]()
    for page in PAGES:
        for block in re.findall(r"^```\{toctree\}\n(.*?)^```", page.read_text(), re.M | re.S):
            entries = (line.strip() for line in block.splitlines())
            names = [e for e in entries if e and not e.startswith(":") and "<" not in e]
            listed.update((page.parent / f"{name}.md").resolve() for name in names)
    expected = Counter(page for page in PAGES if page != DOCS / "index.md")
    assert listed == expected, "name each in docs/index.md once"


def documented() -> Counter[str]:
    """How often each Python name is documented by the pages of the reference."""
    text = "".join(page.read_text(encoding="utf-8") for page in (DOCS / "reference").rglob("*.md"))
    return Counter(re.findall(r"^\.\. auto(?:function|class|exception):: ([\w.]+)$", text, re.M))


def test_every_documented_name_is_there_and_says_what_it_is():
    for name, times in documented().items():
        module, _, attribute = name.rpartition(".")
        assert getattr(importlib.import_module(module), attribute).__doc__, name
        assert times == 1, name


@pytest.mark.parametrize("module", ["penchant", "penchant.metrics", "penchant.rules"])
def test_every_public_name_is_documented(module):
    names = set(importlib.import_module(module).__all__)
    known = {name.rpartition(".")[2] for name in documented()}
    constants = {"__version__", "metrics", "models", "NAMES", "Takes", "Verdict"}
    assert sorted(names - known - constants) == [], "add it to a page in docs/reference"
    assert constants & set(penchant.__all__) == {"__version__", "metrics", "models"}


def test_every_family_of_models_has_one_page():
    text = "".join(page.read_text() for page in (DOCS / "reference" / "models").glob("*.md"))
    families = " ".join(re.findall(r"<!-- site: models (.*) -->", text)).split()
    assert sorted(families) == sorted({family_of(name) for name in TABLE})


def test_a_family_has_a_section_for_each_of_its_models():
    text = models_of("ials graph")
    assert re.findall("^## (.*)$", text, re.M) == ["lightgcn", "ultragcn", "ials"]
    assert ".. autoclass:: penchant.models.LightGCN\n" in text


def test_every_command_has_one_section():
    text = (DOCS / "commands.md").read_text(encoding="utf-8")
    named = " ".join(re.findall(r"<!-- site: commands (.*) -->", text)).split()
    assert sorted(named) == sorted(commands()), "name each in docs/commands.md once"


def test_a_command_is_described_as_its_help_says():
    text = commands_of("keys similar")
    shared = shared_options("")
    assert re.findall("^### (.*)$", text, re.M) == ["keys", "similar"]
    assert "penchant keys [OPTIONS] {FILE}" in text
    assert "`--add NAME`\n: Make a key." in text
    assert "`--scope <str>`\n: What it allows: read; write, " in text
    assert "`--threads" not in text
    assert "`--threads" in shared
    assert "--session-gap TIME" in shared
    titles = re.findall("^### (.*)$", shared, re.M)
    anchors = {re.sub(r"[^\w-]", "", title.lower().replace(" ", "-")) for title in titles}
    links = set(re.findall(r"\]\(#([\w-]+)\)", text))
    assert links
    assert links <= anchors


def test_what_help_says_is_code_or_plain_text():
    prose = importlib.import_module("site_builder.commands")._prose
    assert prose("Use --to-sql or 'a/*.csv'; x*y_z.") == r"Use `--to-sql` or `a/*.csv`; x\*y\_z."


def test_a_model_has_a_table_of_its_parameters():
    pytest.importorskip("sphinx", reason="the extra docs is not installed")
    docstrings = importlib.import_module("site_builder.docstrings")
    models = importlib.import_module("site_builder.models")
    cls = find("ials")
    lines = inspect.getdoc(cls).splitlines()
    docstrings.render_docstring(None, "class", "IALS", cls, None, lines)
    models.add_parameters(None, "class", "IALS", cls, None, lines)
    text = "\n".join(lines)
    assert r"\|row\|^2" in text
    assert all(f"* - `{name}`" in text for name in parameters_of(cls))
    assert ":param dim: length of the vectors." in text
    row = text[text.index("* - `dim`") :].split("* - ")[1]
    assert row.split("\n     - ")[1:4] == ["`int | None`", "`None`", "above 0"]


def test_what_is_no_code_in_a_docstring_is_no_markup():
    pytest.importorskip("sphinx", reason="the extra docs is not installed")
    render = importlib.import_module("site_builder.docstrings").render_docstring
    text = (
        "Fit w_ and |x| by `a_ * b`, nDCG@10.\n\nArgs:\n    **more: none.\n\n"
        "Returns:\n    float32[n]: one each.\n\nRaises:\n    ValueError: never."
        "\n\n>>> 2 * 3 | 0\n'|6|'\n\n| and *"
    )
    lines = text.splitlines()
    render(None, "function", "f", render, None, lines)
    assert lines[0] == r"Fit w\_ and \|x\| by `a_ * b`, nDCG\@10."
    assert r":param \*\*more: none." in lines
    assert ":returns: float32[n]: one each." in lines
    assert ":raises ValueError: never." in lines
    assert lines[lines.index(">>> 2 * 3 | 0") :] == [">>> 2 * 3 | 0", "'|6|'", "", r"\| and \*"]


def test_the_page_of_errors_quotes_what_is_said():
    said = [text for path in SOURCE.rglob("*.py") for text in sentences_of(path)]
    text = (DOCS / "errors.md").read_text(encoding="utf-8")
    quoted = re.findall(r"^\| `([^`]*[ …][^`]*)` \|", text, re.M)
    assert len(quoted) > 40
    for quote in quoted:
        pieces = [re.escape(piece) for piece in quote.split("…")]
        pattern = re.compile(".*".join(pieces), re.S)
        assert any(pattern.search(sentence) for sentence in said), quote


def sentences_of(path: Path) -> list[str]:
    """What the errors that a file raises say, without what is put in when they are."""
    sentences = []
    text = path.read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(text)) if "Error(" in text else ():
        if isinstance(node, ast.Call) and node.args and "Error" in ast.unparse(node.func):
            match node.args[0]:
                case ast.Constant(str() as text):
                    sentences.append(text)
                case ast.JoinedStr(parts):
                    texts = [p.value if isinstance(p, ast.Constant) else "…" for p in parts]
                    sentences.append("".join(map(str, texts)))
    return sentences


def test_all_messages_are_listed():
    page = messages.all_messages()
    kinds = "Parameter|Data|UnknownId|NotFitted|Bundle|Download"
    raised = re.compile(rf'raise (?:{kinds})Error\(\s*f?"([^"{{\\\\]{{12,}})')
    n_found = 0
    for path in SOURCE.rglob("*.py"):
        for beginning in raised.findall(path.read_text(encoding="utf-8")):
            assert html.escape(beginning) in page, f"{path}: {beginning}"
            n_found += 1
    assert n_found > 300
    assert "<code>There is no model …; known are …" in page.replace("……", "…")


def test_every_kind_of_error_is_on_its_page():
    text = (DOCS / "errors.md").read_text(encoding="utf-8")
    for cls in vars(penchant.errors).values():
        if isinstance(cls, type) and issubclass(cls, penchant.PenchantError):
            kinds = [b.__name__ for b in cls.__bases__ if b is not penchant.PenchantError]
            if cls is not penchant.PenchantError:
                also = "".join(f"`{kind}` " for kind in kinds)
                assert f"| `{cls.__name__}` | {also}|" in text


def test_every_package_is_on_the_page_and_in_the_picture():
    page = (DOCS / "architecture.md").read_text(encoding="utf-8")
    picture = architecture.PICTURE.read_text(encoding="utf-8")
    names = {name for row in architecture.layers() for name in row}
    assert names - set(re.findall(r"`(\w+)`", page)) == set(), "say what it is for"
    assert names == set(re.findall(r">(\w+)</text>", picture)), "make docs draws it again"


def test_arrows_that_follow_from_others_are_left_out():
    imported = {"a": {"b", "c", "d"}, "b": {"c"}, "c": {"d"}, "d": set()}
    assert architecture.reduced(imported) == [("a", "b"), ("b", "c"), ("c", "d")]


def test_boxes_of_a_row_do_not_touch():
    rows = [["top"], ["one", "two", "three_long_names"], ["bottom"]]
    arrows = [("top", name) for name in rows[1]] + [(name, "bottom") for name in rows[1]]
    at = architecture.places(rows, arrows)
    for left, right in pairwise(sorted(rows[1], key=at.__getitem__)):
        widths = architecture.width_of(left) + architecture.width_of(right)
        assert at[right] - at[left] > widths / 2
