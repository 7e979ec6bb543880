"""One number, or none, as text: shares, points, durations, losses.

Signs are real minus signs, units are held to their numbers by no-break spaces, and nothing depends on a locale.
"""

from __future__ import annotations

from collections.abc import Mapping

MINUS = "\N{MINUS SIGN}"
NO_BREAK = "\N{NO-BREAK SPACE}"
ABSENT = "\N{EN DASH}"
POWERS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def count(value: float | None) -> str:
    """A whole number: 1797; 20,560."""
    return ABSENT if value is None else signed(f"{value:.0f}")


def percent(value: float | None, digits: int = 1) -> str:
    """A share as a percentage: 0.7324 is 73.2 %."""
    return ABSENT if value is None else f"{rounded(100 * value, digits)}{NO_BREAK}%"


def percent0(value: float | None) -> str:
    """A share as a whole percentage: 73 %, and <1 % where it would be rounded to nothing."""
    return f"<1{NO_BREAK}%" if value is not None and 0 < value <= 0.005 else percent(value, 0)


def points(value: float | None, digits: int = 1) -> str:
    """A difference of shares in percentage points, with its sign: 0.024 is +2.4."""
    if value is None:
        return ABSENT
    text = rounded(100 * value, digits)
    return text if text.startswith(MINUS) or not text.strip("0.") else f"+{text}"


def plain_points(value: float | None) -> str:
    """A number of points, without sign: 1.2."""
    return ABSENT if value is None else rounded(100 * value, 1)


def margin(value: float) -> str:
    """A margin in percentage points, without sign: 0.01 is 1 point."""
    text = f"{100 * value:.6g}"
    return f"{text}{NO_BREAK}{'point' if text == '1' else 'points'}"


def deviation(value: float | None) -> str:
    """The root of a variance of accuracies, in points: 1.2."""
    return ABSENT if value is None else rounded(100 * value**0.5, 2)


def p_value(value: float | None) -> str:
    """A p-value to two digits that mean something: 0.032, <0.001, 1."""
    if value is None:
        return ABSENT
    if value < 0.001:
        return "<0.001"
    return "1" if value > 0.995 else f"{value:.3f}" if value < 0.1 else f"{value:.2f}"


def scientific(value: float | None) -> str:
    """A loss, three digits of it: 2.31, 0.0412, 3.1e-05."""
    return ABSENT if value is None else signed(f"{value:#.3g}".removesuffix("."))


def seconds(value: float | None) -> str:
    """A duration: 3.4 ms, 0.21 s, 12 s, 4 min 10 s."""
    if value is None:
        return ABSENT
    if value < 0.1:
        return f"{two_digits(1000 * value)}{NO_BREAK}ms"
    if value < 119.5:
        return f"{two_digits(value)}{NO_BREAK}s"
    minutes, rest = divmod(round(value), 60)
    return f"{count(minutes)}{NO_BREAK}min {rest}{NO_BREAK}s"


def setting(value: object) -> str:
    """A setting as the TOML file has it: 0.05, "sgd", true, [20, 50], { share = 0.5 }."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(setting, value))}]"
    if isinstance(value, Mapping):
        return f"{{ {', '.join(f'{key} = {setting(part)}' for key, part in value.items())} }}" if value else "{}"
    return f'"{value}"' if isinstance(value, str) else str(value)


def decimal(value: float) -> str:
    """A setting's number in running text: 0.05."""
    return signed(f"{value:.6g}")


def labels(value: int) -> str:
    """A number of labels at the head of a column: 20 labels."""
    return f"{count(value)}{NO_BREAK}{'label' if value == 1 else 'labels'}"


def source_ratio(value: int) -> str:
    """A number of source examples for each label, at the head of a column: 10 : 1."""
    return f"{count(value)}{NO_BREAK}:{NO_BREAK}1"


def up_to_per_class(value: int) -> str:
    """A threshold of labels at the head of a column: up to 20 labels per class."""
    return f"up to {labels(value)} per class"


def epoch(value: int) -> str:
    """An epoch at the head of a column."""
    return f"epoch {count(value)}"


def multiplier(value: float) -> str:
    """A multiplier of the learning rate: 0, 1, 0.4, 0.154."""
    return signed(f"{value:.3g}")


def number(value: float | None) -> str:
    """A number without a unit, three digits of it: 0.731, −1.46, 12.3; 8.1e-11."""
    return ABSENT if value is None else signed(f"{value:.3g}")


def number2(value: float | None) -> str:
    """A number of which two decimals mean something: 0.41."""
    return ABSENT if value is None else rounded(value, 2)


def fixed(value: float | None) -> str:
    """A number without a unit, three decimals: 0.731, −1.462, 0.000."""
    return ABSENT if value is None else rounded(value, 3)


def rounded(value: float, digits: int) -> str:
    """Rounded, with a real minus, and without one before zero."""
    return signed(f"{round(value, digits) + 0.0:.{digits}f}")


def signed(text: str) -> str:
    """A number as one writes it: a real minus sign, a power of ten, and commas between thousands from 10,000 on."""
    mantissa, _, exponent = text.partition("e")
    whole, point, digits = mantissa.partition(".")
    if len(whole.lstrip("-")) > 4:  # with four digits, a year or a pixel count is read more easily as it is
        mantissa = f"{int(whole):,}{point}{digits}"
    if exponent:
        power = f"10{str(int(exponent)).translate(POWERS)}"
        mantissa = power if mantissa == "1" else f"{mantissa}{NO_BREAK}×{NO_BREAK}{power}"
    return mantissa.replace("-", MINUS) if mantissa.startswith("-") else mantissa


def two_digits(value: float) -> str:
    """A number above zero to two digits, or to all of its whole part: 0.075, 7.0, 25, 231."""
    return f"{value:.0f}" if value >= 9.95 else f"{value:#.2g}"
