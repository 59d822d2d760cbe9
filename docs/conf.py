"""Settings of the documentation site: `make docs` builds it into out/docs without network."""

import re
import sys
from importlib.metadata import version as version_of
from pathlib import Path

HERE = Path(__file__).parent
ARRAYS = HERE.parent / "src" / "penchant" / "typing.py"
sys.path.insert(0, str(HERE))

project = "penchant"
author = "the penchant developers"
copyright = f"{author}, Apache-2.0"
version = release = version_of("penchant")

extensions = ["myst_parser", "sphinx.ext.autodoc", "site_builder.extension"]
exclude_patterns = ["site_builder"]

# Pages are also read where they are kept: headings have the anchors that GitHub gives them.
myst_heading_anchors = 4
myst_enable_extensions = ["deflist", "fieldlist"]

default_role = "literal"  # single backticks in docstrings are code
add_module_names = True
python_use_unqualified_type_names = True
maximum_signature_line_length = 72
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_type_aliases = {
    name: f"penchant.typing.{name}"
    for name in re.findall(r"^(\w+): TypeAlias", ARRAYS.read_text(encoding="utf-8"), re.M)
}
autodoc_preserve_defaults = True
autodoc_inherit_docstrings = False

# What annotations name is linked where it is documented here; the rest are names of types alone.
nitpick_ignore_regex = [("py:(class|obj|data)", ".*")]

html_theme = "furo"
html_title = f"penchant {version}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
pygments_style = "friendly"
pygments_dark_style = "monokai"
