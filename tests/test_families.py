"""Names that end in a number: one spelling each, and every other text is refused by the same error."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastmlp import problems, strategies
from fastmlp.errors import UnknownName
from fastmlp.families import Family, find_member, get_member, why_taken

TOY = {"deep": Family(None), "deep-deep": Family(None, "n"), "tilted": Family(None, "A", -1, 90, whole=False)}
numbers = st.integers(-3, 200).map(str) | st.floats().map(repr) | st.text(max_size=6) | st.just("9" * 5000)


@given(st.sampled_from([*TOY, "other", ""]), st.sampled_from(["-", "", "--"]), numbers)
def test_a_name_is_a_member_with_one_spelling_or_unknown(stem: str, dash: str, number: str) -> None:
    name = f"{stem}{dash}{number}"
    found = find_member(name, TOY)
    if found is not None and found.spelling == name:
        assert get_member(name, "toy", ["row"], TOY) == found
        assert found.family.low <= found.number <= found.family.high
    else:
        with pytest.raises(UnknownName) as refusal:
            get_member(name, "toy", ["row"], TOY)
        assert found is None or found.spelling in str(refusal.value)
    if found is not None:
        assert get_member(found.spelling, "toy", [], TOY) == found
        assert why_taken(name, [], TOY) is not None


@given(st.integers(1, 10**9))
def test_the_longest_family_reads_a_name(number: int) -> None:
    member = get_member(f"deep-deep-{number}", "toy", [], TOY)
    assert (member.family.letter, member.number) == ("n", number)


@pytest.mark.parametrize("digits", [4000, 5000, 100_000])
def test_a_number_of_thousands_of_digits_is_a_name_like_any_other(digits: int) -> None:
    for kind, look_up in (("partial", strategies.get_strategy), ("rotated", problems.get_problem)):
        with pytest.raises(UnknownName, match=f"unknown .* '{kind}-0999"):
            look_up(f"{kind}-0{'9' * digits}")


def test_a_row_is_taken_and_so_is_what_looks_like_a_member() -> None:
    reasons = {
        "row": "'row' exists already",
        "deep-2": "'deep-2' exists already",
        "deep-02": "'deep-02' reads as 'deep-2', which exists already",
        "deep-0": "'deep-0' looks like a member of a family, deep-k",
        "tilted-nan": "'tilted-nan' looks like a member of a family, tilted-A (-1 to 90)",
        "tilted-a": "'tilted-a' is the name of a family, tilted-A (-1 to 90)",
        "deep-deep": "'deep-deep' is the name of a family, deep-deep-n",
    }
    assert {name: why_taken(name, ["row"], TOY) for name in reasons} == reasons
    assert [why_taken(name, ["row"], TOY) for name in ("deeper-2", "deep-2-3", "deep-x", "tilt")] == [None] * 4
