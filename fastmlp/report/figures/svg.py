"""From a matplotlib Figure to SVG that can stand inside a page.

Real text in the page's own type, colours as CSS variables, ids that no other figure uses, a title and a description for
those who cannot see it, and nothing that would reach beyond the figure: matplotlib's style sheet would.
"""

from __future__ import annotations

import io
import json
import re
import warnings
from collections.abc import Callable, Mapping
from typing import Any
from xml.etree import ElementTree as ET

from markupsafe import Markup
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from .style import PAGE, style

__all__ = ["VARIABLES", "WIDTHS", "draw", "inline"]

Draw = Callable[[Mapping[str, Any], int], Figure]

#: Placeholder colour -> CSS variable. The style sheet defines each of them for light and for dark.
VARIABLES = {
    PAGE.ink: "--ink",
    PAGE.muted: "--muted",
    PAGE.faint: "--faint",
    PAGE.band: "--band",
    **{colour: f"--series-{k}" for k, colour in enumerate(PAGE.series)},
}

#: Each figure is drawn for a page and for a telephone, in CSS pixels; the style sheet shows one of them.
WIDTHS = {"wide": 680, "narrow": 330}

REFERENCE = re.compile(r"url\(#([^)]+)\)")
DECIMALS = re.compile(r"-?\d+\.\d{3,}")


def draw(figure: Draw, data: Mapping[str, Any], ident: str, title: str, description: str) -> Markup:
    """Draw a figure at both widths.

    Parameters
    ----------
    figure
        Draws it: its data and a width in pixels in, a Figure out.
    data
        What it is drawn from.
    ident
        Unique in the page; all ids inside begin with it.
    title, description
        Plain text, for a screen reader.

    Returns
    -------
    Markup
        Two ``<svg>`` elements with the classes ``wide`` and ``narrow``.
    """
    return Markup("\n").join(_draw(figure, data, ident, title, description, size) for size in WIDTHS)


def _draw(figure: Draw, data: Mapping[str, Any], ident: str, title: str, description: str, size: str) -> Markup:
    name = f"{ident}-{size}"
    with style(salt=name), warnings.catch_warnings():
        # The page's fonts draw the text. Those that matplotlib lays out with may lack a script that a name is in.
        warnings.filterwarnings("ignore", message=r"Glyph .* missing from font")
        warnings.filterwarnings("ignore", message=r".*does not support .* natively")
        drawn = figure(data, WIDTHS[size])
        source = io.StringIO()
        # Not by `savefig`, which draws once more before, for the layout: that is made whenever a figure is drawn
        print_svg: Callable[..., None] = FigureCanvasSVG(drawn).print_svg  # which matplotlib gives no types
        print_svg(source, metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    return inline(source.getvalue(), name, title, description, size)


def inline(source: str, ident: str, title: str, description: str, css_class: str) -> Markup:
    """Rewrite a standalone SVG for a page."""
    root = ET.fromstring(source)  # noqa: S314 (matplotlib's own output)
    for sheet in root.findall(".//{*}defs[{*}style]"):
        root.remove(sheet)
    used = _references(root)
    for element in root.iter():
        _rewrite(element, ident, used)
    box = root.attrib["viewBox"]
    root.attrib.clear()
    root.attrib.update(
        {"class": css_class, "viewBox": box, "role": "img", "aria-labelledby": f"{ident}-title {ident}-desc"}
    )
    root.insert(0, _text("desc", f"{ident}-desc", description))
    root.insert(0, _text("title", f"{ident}-title", title))
    return Markup(ET.tostring(root, encoding="unicode"))  # noqa: S704 (escaped by the serialiser)


def _references(root: ET.Element) -> set[str]:
    """Ids that something in the figure points at; all others can go."""
    values = [value for element in root.iter() for value in element.attrib.values()]
    return {m for value in values for m in REFERENCE.findall(value)} | {v[1:] for v in values if v.startswith("#")}


def _rewrite(element: ET.Element, ident: str, used: set[str]) -> None:
    """One element: no namespace, ids prefixed or dropped, colours as variables, no needless digits or space."""
    element.tag = element.tag.rpartition("}")[2]
    if element.tag != "text":
        element.text = None
    element.tail = None
    attributes = {name.rpartition("}")[2]: value for name, value in element.attrib.items()}
    element.attrib.clear()
    for name, value in attributes.items():
        if name == "id":
            if value.startswith("{"):
                for kind, shown in json.loads(value).items():  # see `style.shows`
                    element.set(f"data-{kind}", shown)
            elif value in used:
                element.set("id", f"{ident}-{value}")
        elif name == "href":
            element.set("href", f"#{ident}-{value[1:]}")
        else:
            element.set(name, _value(name, value, ident))


def _value(name: str, value: str, ident: str) -> str:
    value = REFERENCE.sub(rf"url(#{ident}-\1)", value)
    if name == "style":
        value = re.sub(r"font-family:[^;]*;?\s*", "", value)
        return re.sub(r"#fa000\d|#fb000\d", lambda m: f"var({VARIABLES[m[0]]})", value)
    return " ".join(DECIMALS.sub(lambda m: f"{float(m[0]):.2f}", value).split())


def _text(tag: str, ident: str, text: str) -> ET.Element:
    element = ET.Element(tag, {"id": ident})
    element.text = text
    return element
