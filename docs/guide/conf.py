"""Sphinx's settings for the user guide: `make guide` builds it into out/guide, and every warning is an error."""

from __future__ import annotations

from importlib.metadata import version as version_of

project = "fastmlp"
author = "The fastmlp developers"
copyright = author  # noqa: A001  Sphinx asks for this name
version = release = version_of("fastmlp")

extensions = ["myst_nb", "numpydoc", "sphinx.ext.autodoc", "sphinx.ext.autosummary", "sphinx_click"]
html_theme = "furo"
html_title = f"fastmlp {version}"
html_show_sourcelink = False
myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3
nb_execution_mode = "off"  # `make notebook` runs the notebooks; their pages show what they hold

templates_path = ["_templates"]
autosummary_generate = True
autodoc_typehints = "none"  # the signature has them, and numpydoc the words
autodoc_member_order = "bysource"
numpydoc_show_class_members = False  # a page of the reference has them all, with their docstrings
exclude_patterns = ["README.md"]
