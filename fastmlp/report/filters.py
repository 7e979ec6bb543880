"""The only place where a number becomes text, for the page, its Markdown twin and the figures alike.

Signs are real minus signs, units are held to their numbers by no-break spaces, and nothing depends on a locale. A bare
float in a template is refused (`plain`): it has to pass through one of these functions, which is how both formats come
to hold the same numbers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from markupsafe import Markup

__all__ = ["FILTERS", "FORMATS", "markdown", "plain"]

Json = Mapping[str, Any]

MINUS = "\N{MINUS SIGN}"
NO_BREAK = "\N{NO-BREAK SPACE}"
ABSENT = "\N{EN DASH}"
# Not printable to Python, and part of a name all the same: joiners and marks of direction.
INVISIBLE = frozenset("\u00a0\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
MARKS = {"better": "▲", "worse": "▼", "tied": "=", "undecided": ""}
REASONS = {"no data": "no data", "one seed": "one seed", "no spread": "no spread"}


def count(value: float | None) -> str:
    """A whole number: 1797."""
    return ABSENT if value is None else _signed(f"{value:.0f}")


def percent(value: float | None, digits: int = 1) -> str:
    """A share as a percentage: 0.7324 is 73.2 %."""
    return ABSENT if value is None else f"{_fixed(100 * value, digits)}{NO_BREAK}%"


def points(value: float | None, digits: int = 1) -> str:
    """A difference of shares in percentage points, with its sign: 0.024 is +2.4."""
    if value is None:
        return ABSENT
    text = _fixed(100 * value, digits)
    return text if text.startswith(MINUS) or not text.strip("0.") else f"+{text}"


def margin(value: float) -> str:
    """A margin in percentage points, without sign: 0.01 is 1 point."""
    text = f"{100 * value:.6g}"
    return f"{text}{NO_BREAK}{'point' if text == '1' else 'points'}"


def points_interval(value: Mapping[str, Any]) -> str:
    """The interval of a difference: +0.9 to +3.9, or why there is none."""
    if value["low"] is None:
        return REASONS[value["reason"]]
    return f"{points(value['low'])} to {points(value['high'])}"


def percent_mean(value: Mapping[str, Any]) -> str:
    """A mean share with the half width of its interval, in percent: 73.2 ± 1.1."""
    return _mean(value, 100, 1)


def fine_percent_mean(value: Mapping[str, Any]) -> str:
    """`percent_mean` with one digit more, for what is near its top: 99.71 ± 0.04."""
    return _mean(value, 100, 2)


def mean(value: Mapping[str, Any]) -> str:
    """A mean with the half width of its interval: 0.412 ± 0.018."""
    return _mean(value, 1, 3)


def percent_interval(value: Mapping[str, Any]) -> str:
    """A mean share in words: 73.2 % ± 1.1, or the mean and why it has no interval."""
    if value["mean"] is None:
        return REASONS[value["reason"]]
    if value["low"] is None:
        return f"{percent(value['mean'])} ({REASONS[value['reason']]})"
    return f"{percent(value['mean'])} ± {_fixed(50 * (value['high'] - value['low']), 1)}"


def p_value(value: float | None) -> str:
    """A p-value to two digits that mean something: 0.032, <0.001, 1."""
    if value is None:
        return ABSENT
    if value < 0.001:
        return "<0.001"
    return "1" if value > 0.995 else f"{value:.3f}" if value < 0.1 else f"{value:.2f}"


def scientific(value: float | None) -> str:
    """A loss, three digits of it: 2.31, 0.0412, 3.1e-05."""
    return ABSENT if value is None else _signed(f"{value:#.3g}".removesuffix("."))


def loss_range(value: Mapping[str, float] | None) -> str:
    """A median and its range: 0.412 (0.350 to 0.501)."""
    if value is None:
        return ABSENT
    return f"{scientific(value['median'])} ({scientific(value['low'])} to {scientific(value['high'])})"


def seconds(value: float | None) -> str:
    """A duration: 3.4 ms, 0.21 s, 12 s, 4 min 10 s."""
    if value is None:
        return ABSENT
    if value < 0.1:
        return f"{_two_digits(1000 * value)}{NO_BREAK}ms"
    if value < 119.5:
        return f"{_two_digits(value)}{NO_BREAK}s"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes}{NO_BREAK}min {rest}{NO_BREAK}s"


def setting(value: object) -> str:
    """A setting as the TOML file has it: 0.05, "sgd", true, [20, 50]."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(setting, value))}]"
    return f'"{value}"' if isinstance(value, str) else str(value)


def decimal(value: float) -> str:
    """A setting's number in running text: 0.05."""
    return _signed(f"{value:.6g}")


def pairs(value: Mapping[str, int]) -> str:
    """On how many of the planned seeds a comparison rests: 20, or 18 of 20."""
    n, planned = value["n"], value["planned"]
    return count(n) if n == planned else f"{n} of {planned}"


def verdict(value: Mapping[str, Any]) -> str:
    """A verdict, or why there is none."""
    return "not estimable" if value["reason"] else str(value["verdict"])


def effect(value: Mapping[str, Any]) -> str:
    """A difference in points with a sign for its verdict: +2.4 ▲, −0.8 ▼, +0.1 =, and none where it is undecided."""
    if value["mean"] is None:
        return REASONS[value["reason"]]
    return f"{points(value['mean'])}{NO_BREAK}{MARKS[value['verdict']]}".rstrip(NO_BREAK)


def multiplier(value: float) -> str:
    """A multiplier of the learning rate: 0, 1, 0.4, 0.154."""
    return _signed(f"{value:.3g}")


def number(value: float | None) -> str:
    """A number without a unit, three digits of it: 0.731, −1.46, 12.3; 8.1e-11."""
    return ABSENT if value is None else _signed(f"{value:.3g}")


def percent_short(value: Mapping[str, Any]) -> str:
    """A mean share in percent without its interval: 73.2."""
    return ABSENT if value["mean"] is None else _fixed(100 * value["mean"], 1)


def mean_short(value: Mapping[str, Any]) -> str:
    """A mean of two decimals without its interval: 0.41; 1.1e+04."""
    mean = value["mean"]
    return number2(mean) if mean is None or abs(mean) < 100 else f"{mean:.3g}"


def times(value: Mapping[str, Any] | None) -> str:
    """A factor with its interval: 2.4 (1.9 to 3.1); an end that could not be read is open."""
    if value is None or value["case"] == "no curve":
        return ABSENT
    if value["times"] is None:
        bound = value["least"] if value["case"] == "below range" else value["most"]
        return f"{'<' if value['case'] == 'below range' else '>'}{bound:.2g}"
    if value["reason"]:
        return f"{value['times']:.2g} ({REASONS.get(value['reason'], value['reason'])})"
    low = "?" if value["low"] is None else f"{value['low']:.2g}"
    high = "?" if value["high"] is None else f"{value['high']:.2g}"
    return f"{value['times']:.2g} ({low} to {high})"


def crossing(value: Mapping[str, Any]) -> str:
    """Where the lead changes: 63 labels (41 to 95), or why it does not."""
    if value["case"] != "crosses":
        return str(value["case"])
    low = "?" if value["low"] is None else count(value["low"])
    high = "?" if value["high"] is None else count(value["high"])
    return f"{labels(value['n_target'])} ({low} to {high})"


def deviation(value: float | None) -> str:
    """The root of a variance of accuracies, in points: 1.2."""
    return ABSENT if value is None else _fixed(100 * value**0.5, 2)


def deviations(value: Mapping[str, Any]) -> str:
    """The interval of the same: 0.9 to 1.6, or why there is none."""
    if value["low"] is None or value["high"] is None:
        return value["reason"] or ABSENT
    return f"{deviation(value['low'])} to {deviation(value['high'])}"


def percent0(value: float | None) -> str:
    """A share as a whole percentage: 73 %."""
    return percent(value, 0)


def plain_points(value: float | None) -> str:
    """A number of points, without sign: 1.2."""
    return ABSENT if value is None else _fixed(100 * value, 1)


def number2(value: float | None) -> str:
    """A number of which two decimals mean something: 0.41."""
    return ABSENT if value is None else _fixed(value, 2)


def labels(value: int) -> str:
    """A number of labels at the head of a column: 20 labels."""
    return f"{count(value)}{NO_BREAK}{'label' if value == 1 else 'labels'}"


def fixed(value: float | None) -> str:
    """A number without a unit, three decimals: 0.731, −1.462, 0.000."""
    return ABSENT if value is None else _fixed(value, 3)


def matrix(value: Sequence[Any]) -> Markup:
    """A list of numbers as a row of LaTeX, a list of lists as a matrix."""
    rows = value if value and isinstance(value[0], list | tuple) else [value]
    body = r" \\ ".join(" & ".join(f"{round(x, 3) + 0.0:g}" for x in row) for row in rows)
    return Markup(rf"\begin{{pmatrix}} {body} \end{{pmatrix}}")  # noqa: S704 (digits)


def tex(value: float) -> Markup:
    """A number inside a formula, three decimals at the most."""
    return Markup(f"{round(value, 3) + 0.0:g}")  # noqa: S704 (digits)


def tag(value: str) -> Markup:
    """The number of an equation, for Markdown."""
    return Markup(rf"\tag{{{int(value)}}}")  # noqa: S704 (digits)


def ident(value: str, kind: str) -> str:
    """An id made from a term of ours: term-held-out-set."""
    return f"{kind}-{re.sub(r'[^a-z0-9]+', '-', value.lower())}"


def layers_shown(series: Sequence[Json], problems: Sequence[Json]) -> list[Json]:
    """The series that one drawing can hold: of the nearest, the middle and the farthest problem, six at the most."""
    names = [p["name"] for p in problems]
    kept = {names[0], names[len(names) // 2], names[-1]} if len(names) > 3 else set(names)
    order = ("transplant", "transfuse", "random-frozen", "partial", "probe")
    chosen = sorted((s for s in series if s["problem"] in kept), key=lambda s: order.index(s["family"]))
    return chosen[:6]


def is_brief(cell: Mapping[str, Any]) -> bool:
    """Whether a cell holds a name so short that it need not be broken."""
    name = cell["value"].get("best") if cell["kind"] == "winners" else cell["value"] if cell["kind"] == "name" else None
    return isinstance(name, str) and len(name) <= 20


def titled(strip: Mapping[str, Any], problem: str) -> dict[str, Any]:
    """A strip of pictures under the name of its problem."""
    name = label(problem) if strip["task"] == "source" else "target"
    return {**strip, "name": name, "alt": f"{strip['alt']}, problem {label(problem)}"}


def verbatim(value: str) -> Markup:
    """A line of a block that is shown as it is."""
    return Markup(printable(value))  # noqa: S704 (only for blocks of code in Markdown)


FORMATS: dict[str, Callable[[Any], str]] = {
    "text": str,
    "count": count,
    "percent": percent,
    "percent_mean": percent_mean,
    "fine_percent_mean": fine_percent_mean,
    "mean": mean,
    "points": points,
    "points_interval": points_interval,
    "p_value": p_value,
    "pairs": pairs,
    "range": loss_range,
    "scientific": scientific,
    "seconds": seconds,
    "setting": setting,
    "verdict": verdict,
    "effect": effect,
    "fixed": fixed,
    "mark": str,
    "multiplier": multiplier,
    "number": number,
    "number2": number2,
    "labels": labels,
    "percent_short": percent_short,
    "mean_short": mean_short,
    "times": times,
    "crossing": crossing,
    "deviation": deviation,
    "deviations": deviations,
    "percent0": percent0,
    "plain_points": plain_points,
}


def show(cell: Mapping[str, Any]) -> str:
    """A table's cell, by its kind."""
    return FORMATS[cell["kind"]](cell["value"])


def label(name: str, width: int = 30) -> str:
    """A name short enough for a figure."""
    text = printable(name)
    return text if len(text) <= width else text[: width - 1] + "…"


def printable(text: str) -> str:
    """Text without what neither XML nor a line of Markdown can hold: lines join, control characters show as codes."""
    joined = re.sub(r"[\t\r\n]+", " ", text)
    return "".join(c if c.isprintable() or c in INVISIBLE else f"\\x{ord(c):02x}" for c in joined)


def plain(value: object) -> object:
    """Let through what a template may print as it is: text, whole numbers, and what is marked up already.

    Raises
    ------
    TypeError
        For anything else. None and NaN cannot reach a reader, nor a number its reader cannot compare.
    """
    if hasattr(value, "__html__"):
        return value
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise TypeError(f"{value!r} has to pass a filter before it is printed")
    return printable(value) if isinstance(value, str) else count(value)


def markdown(value: object) -> object:
    """`plain` for Markdown: what could be read as markup is escaped."""
    text = plain(value)
    if not isinstance(text, str) or hasattr(text, "__html__"):
        return text
    escaped = re.sub(r"([\\`*_{}\[\]|~$!]|<(?=[A-Za-z/!?])|&(?=[#A-Za-z]))", r"\\\1", text)
    escaped = re.sub(r"^(\s*)([-+](?=[-\s]|$)|[=:#>])", r"\1\\\2", escaped)  # would open a list, a heading, a quotation
    return Markup(re.sub(r"^(\s*\d+)([.)](?=\s|$))", r"\1\\\2", escaped))  # noqa: S704 (escaped above, for Markdown)


def markdown_code(value: str) -> Markup:
    """A name in code type, or escaped where Markdown's code cannot hold it."""
    text = printable(value)
    fits = text.strip() == text != "" and not re.search(r"[`|]", text)
    return Markup(f"`{text}`" if fits else markdown(text))  # noqa: S704 (nothing is markup inside code)


def squeeze(value: Markup) -> Markup:
    """One line, one space between words; no-break spaces stay."""
    return Markup(re.sub(r"[ \n]+", " ", value).strip(" \n"))  # noqa: S704 (as marked up as it was)


def _mean(value: Mapping[str, Any], unit: float, digits: int) -> str:
    if value["mean"] is None:
        return REASONS[value["reason"]]
    centre = _fixed(unit * value["mean"], digits)
    if value["low"] is None:
        return f"{centre} ({REASONS[value['reason']]})"
    return f"{centre} ± {_fixed(unit * (value['high'] - value['low']) / 2, digits)}"


def _two_digits(value: float) -> str:
    return f"{value:.0f}" if value >= 9.95 else f"{value:#.2g}"


def _fixed(value: float, digits: int) -> str:
    """Rounded, with a real minus, and without one before zero."""
    return _signed(f"{round(value, digits) + 0.0:.{digits}f}")


def _signed(text: str) -> str:
    return text.replace("-", MINUS) if text.startswith("-") else text


_FILTERS: tuple[Callable[..., str], ...] = (
    *(count, decimal, margin, markdown_code, mean, percent, percent_interval),
    *(points, printable, seconds, show, squeeze, verbatim),
    *(fixed, ident, matrix, multiplier, number, tag, tex),
)
FILTERS: dict[str, Callable[..., Any]] = {f.__name__: f for f in _FILTERS} | {
    "is_brief": is_brief,
    "layers_shown": layers_shown,
    "titled": titled,
}
