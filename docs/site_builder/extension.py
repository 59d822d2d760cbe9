"""The extension of Sphinx that fills in references and renders docstrings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sphinx.domains.python import PyObject

from site_builder.docstrings import render_docstring, shorten_signature
from site_builder.models import add_parameters
from site_builder.pages import complete_page

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_FIRST, _THEN = 400, 600


def setup(app: Sphinx) -> dict[str, Any]:
    """Make this package an extension of Sphinx."""
    for field in PyObject.doc_field_types:
        if field.name == "variable":
            field.label = "Attributes"
    app.connect("source-read", complete_page)
    app.connect("autodoc-process-docstring", render_docstring, priority=_FIRST)
    app.connect("autodoc-process-docstring", add_parameters, priority=_THEN)
    app.connect("autodoc-process-signature", shorten_signature)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
