"""Tables in LaTeX, with the rules of booktabs; what LaTeX would read as a command in a cell or a caption is escaped."""

from __future__ import annotations

import re
from html import unescape

from markupsafe import Markup

from .format import printable, show, squeeze
from .table import Cell, Table

__all__ = ["latex", "latex_table"]

SPECIAL = {
    "\\": r"\textbackslash{}",
    **{letter: f"\\{letter}" for letter in "{}$&#_%"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": "$<$",
    ">": "$>$",
    "|": "$|$",
    "\u00a0": "~",
    "\u2009": r"\,",
    "−": "$-$",
    "×": r"$\times$",
    "±": r"$\pm$",
    "≤": r"$\leq$",
    "≥": r"$\geq$",
    "→": r"$\to$",
    "▲": r"$\bigtriangleup$",
    "▼": r"$\bigtriangledown$",
}
RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
ESCAPED = re.compile(f"[{re.escape(''.join(SPECIAL))}]|[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+")
#: What the macros of this format put around words, and the command for it.
TAGS = {"code": r"\texttt{%s}", "em": r"\emph{%s}", "strong": r"\textbf{%s}", "ref": r"Table~\ref{tab:%s}"}
MARKED = re.compile(r"<(code|em|strong|ref|math)>(.*?)</\1>")


def latex(markup: Markup | str) -> str:
    r"""Return words that the macros of this format have marked up, as LaTeX; inside ``<math>`` it is LaTeX already.

    Examples
    --------
    >>> print(latex(Markup("95 % of <code>partial_2</code>, <math>x_1</math>")))
    95~\% of \texttt{partial\_2}, $x_1$
    """
    found, end, text = [], 0, squeeze(Markup(markup))  # noqa: S704 (nothing here is markup of a page)
    for part in MARKED.finditer(text):
        found.append(escape(unescape(text[end : part.start()])))
        found.append(f"${part[2]}$" if part[1] == "math" else TAGS[part[1]] % _inner(part))
        end = part.end()
    return "".join([*found, escape(unescape(text[end:]))])


def _inner(part: re.Match[str]) -> str:
    return part[2] if part[1] == "ref" else escape(unescape(part[2]))


def escape(text: str) -> str:
    """Return text that LaTeX prints as it is."""
    return ESCAPED.sub(lambda m: SPECIAL.get(m[0]) or f"$^{{{m[0].translate(RAISED)}}}$", printable(text))


def latex_table(table: Table, ident: str, caption: Markup | str) -> Markup:
    """Return a table as a float with its caption and the label ``tab:<ident>``; nothing, if it has no rows."""
    if not table["rows"]:
        return Markup()
    columns = "".join("r" if column["number"] else "l" for column in table["columns"])
    lines = [
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{latex(caption)}}}",
        rf"\label{{tab:{ident}}}",
        rf"\begin{{tabular}}{{{columns}}}",
        r"\toprule",
        _line([column["head"] for column in table["columns"]]),
        r"\midrule",
        *map(_line, table["rows"]),
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{table}",
    ]
    return Markup("\n".join(lines) + "\n\n")  # noqa: S704 (escaped above, for LaTeX)


def _line(cells: list[Cell]) -> str:
    return " & ".join(map(_cell, cells)) + r" \\"


def _cell(c: Cell) -> str:
    value = c["value"]
    match c["kind"]:
        case "name":
            return _name(value)
        case "names":
            return ", ".join(map(_name, value)) or "–"
        case "difference":
            return f"{_name(value['first'])} $-$ {_name(value['second'])}"
        case "winners":
            others = f" + {value['others']}" if value["others"] else ""
            return f"{_name(value['best'])}{others}" if value["best"] else "–"
        case "curve":
            return f"{_name(value['strategy'])}, {value['n_target']} labels"
        case _:
            return escape(show(c))


def _name(text: str) -> str:
    return TAGS["code"] % escape(text)
