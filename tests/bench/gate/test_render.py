"""A comparison as text, Markdown and JSON: whatever decides the exit code is said first, and by name."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from bench.exit_codes import CHECK_FAILED, NO_VERDICT, PASSED, SLOWER
from bench.gate.render import as_json, markdown, text
from bench.gate.verdict import WORDS, Check, Comparison, Result, Verdict

results = st.lists(st.sampled_from(Verdict), max_size=9).map(
    lambda verdicts: tuple(Result(f"bench_x.time_{k}", verdict, "a|b") for k, verdict in enumerate(verdicts))
)
checks = st.lists(st.sampled_from([True, False, None]), max_size=4).map(
    lambda passed: tuple(Check(f"check {k}", "", "", one) for k, one in enumerate(passed))
)
comparisons = st.builds(
    lambda results, checks: Comparison("base", "head", results, None, 12.0, checks), results, checks
)


def decisive(one: Comparison) -> tuple[int, list[str]]:
    """The exit code and what it is due to, found out without `Comparison`'s own properties."""
    of = {verdict: [result.name for result in one.results if result.verdict is verdict] for verdict in Verdict}
    checked = {passed: [check.name for check in one.checks if check.passed is passed] for passed in (False, None)}
    if of[Verdict.SLOWER]:
        return SLOWER, of[Verdict.SLOWER]
    if checked[False]:
        return CHECK_FAILED, checked[False]
    if of[Verdict.NONE] or checked[None] or not one.results:
        return NO_VERDICT, [*of[Verdict.NONE], *checked[None]] or ["no benchmark was run"]
    return PASSED, []


@given(comparisons)
def test_what_decides_the_exit_code_is_named_first(one: Comparison) -> None:
    code, names = decisive(one)
    start = f"{WORDS[code]}: {names[0]}" if names else "Passed"
    last_line, first_line = text(one).splitlines()[-1], markdown(one).splitlines()[0]
    machine = json.loads(json.dumps(as_json(one)))
    for said in (last_line, first_line.removeprefix("**"), machine["conclusion"]):
        assert said.startswith(start)
        sentence, _, _ = said.partition(")")
        assert sentence.endswith(f"(exit code {code}")
        assert all(name in sentence for name in names[:5])
        assert ("more" in sentence) == (len(names) > 5)
    assert machine["exit_code"] == one.exit_code == code


@given(comparisons)
def test_the_summary_counts_benchmarks_and_checks_apart(one: Comparison) -> None:
    counted = text(one).splitlines()[-1].partition("head against base: ")[2].removesuffix(". 12 s.")
    benchmarks, _, checked = counted.partition("; checks: ")
    for words, things in ((benchmarks, one.results), (checked, one.checks)):
        assert sum(int(word) for word in words.split() if word.isdigit()) == len(things)


@given(comparisons)
def test_every_row_of_a_table_has_as_many_cells(one: Comparison) -> None:
    for table in markdown(one).split("\n\n")[1:]:
        bars = {line.replace(r"\|", "").count("|") for line in table.splitlines()}
        assert len(bars) == 1
