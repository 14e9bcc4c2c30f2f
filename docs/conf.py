"""How the documentation is built: Sphinx, MyST, furo."""

from __future__ import annotations

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))

import canzona

project = "Canzona"
author = "The Canzona authors"
project_copyright = "2026, The Canzona authors"
version = release = canzona.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx_click"]
exclude_patterns = ["_build"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "signature"

html_theme = "furo"
html_title = f"Canzona {release}"
html_theme_options = {"source_repository": "", "navigation_with_keys": True}


def setup(app: object) -> None:
    """Docstrings' sections become bold headings over lists."""
    app.connect("autodoc-process-docstring", _sections)  # type: ignore[attr-defined]


def _sections(app: object, what: str, name: str, thing: object, options: object, lines: list[str]) -> None:
    """Turn `Parameters`, a rule and `name : words` lines into a bold word and a list."""
    out: list[str] = []
    listed = False
    for place, line in enumerate(lines):
        following = lines[place + 1] if place + 1 < len(lines) else ""
        if line and re.fullmatch(r"-{3,}", following):
            out += ["", f"**{line}**", ""]
            listed = True
        elif re.fullmatch(r"-{3,}", line):
            continue
        elif listed and (item := re.match(r"([\w ,.]+?) : (.*)", line)):
            out.append(f"- ``{item[1]}``: {item[2]}")
        elif listed and line.startswith("    "):
            out.append(f"  {line.strip()}")
        else:
            out.append(line)
    lines[:] = out
