"""How Sphinx builds the pages: offline, formulas as MathML, notebooks as they were run."""

import sys
from importlib import metadata
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

project = "permanency-evaluation"
release = metadata.version("permanency-evaluation")
author = project
extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "mathml",
]
exclude_patterns = ["README.md", "**/README.md"]
source_suffix = {".md": "myst-nb", ".ipynb": "myst-nb", ".rst": "restructuredtext"}
myst_enable_extensions = ["dollarmath", "deflist"]
myst_heading_anchors = 3
nb_execution_mode = "off"
napoleon_google_docstring = False
napoleon_use_rtype = False
autodoc_typehints = "none"
autodoc_member_order = "bysource"
default_role = "code"
html_theme = "furo"
html_title = project
html_copy_source = False
html_show_sphinx = False
html_math_renderer = "mathml"
html_last_updated_fmt = None
