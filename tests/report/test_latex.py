"""LaTeX: nothing of a name or a caption is read as a command, and nothing but tables is left of a chapter."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from fastmlp.errors import InvalidInput, UnknownName
from fastmlp.report.excerpts import _render, to_latex
from fastmlp.report.labels import Labels
from fastmlp.report.latex import escape, latex_table
from fastmlp.report.table import cell, head
from tests.report_data import MadeUp, large, study, summary_of

WITHOUT_TABLES = {"exercises", "absent", "glossary", "references", "appendix"}
FLOAT = re.compile(r"\\begin\{table\}.*?\\end\{table\}", re.DOTALL)


@pytest.mark.parametrize("make", [lambda: study(seeds=3, sizes=[20, 50]), lambda: large(seeds=3)], ids=["lab", "large"])
def test_a_chapter_leaves_its_tables_and_nothing_else(make: Callable[[], MadeUp]) -> None:
    summary = summary_of(make())
    for chapter in set(summary["present"]) - WITHOUT_TABLES:
        text = to_latex(summary, chapter)
        assert FLOAT.sub("", text).strip() == ""
        for table in FLOAT.findall(text):
            assert table.count("{") - table.count("\\{") == table.count("}") - table.count("\\}")
            assert not re.search(r"<(?:code|em|strong|ref|math)>|&(?:amp|lt|gt|#)", table)
    with pytest.raises(InvalidInput, match="the chapter 'glossary' has no tables"):
        to_latex(summary, "glossary")
    with pytest.raises(UnknownName, match="unknown chapter 'comparisons'; did you mean 'comparison'"):
        to_latex(summary, "comparisons")


def test_the_numbers_are_those_of_the_cells() -> None:
    table = {
        "columns": [head("name", number=False), head("points")],
        "rows": [[cell("name", "a"), cell("points", -0.0123)]],
    }
    text = latex_table(table, "one", "A <code>b_c</code> of 5 %")  # type: ignore[arg-type]
    assert "\\caption{A \\texttt{b\\_c} of 5 \\%}\n\\label{tab:one}\n\\begin{tabular}{lr}" in text.replace("~", " ")
    assert "\\texttt{a} & $-$1.2 \\\\" in text


def test_a_hostile_name_is_text() -> None:
    escaped = escape(r"\input{x} $1^2_3$ 50 % & #~ 4 × 10⁻⁴")
    assert escaped == (
        r"\textbackslash{}input\{x\} \$1\textasciicircum{}2\_3\$ 50 \% \& \#\textasciitilde{} 4 $\times$ 10$^{-4}$"
    )


@pytest.mark.skipif(
    shutil.which("pdflatex") is None and os.environ.get("FASTMLP_REQUIRE_LATEX") != "1", reason="LaTeX is not installed"
)
def test_latex_sets_the_tables_of_all_chapters(tmp_path: Path) -> None:
    for data in (study(seeds=3, sizes=[20, 50]), large(seeds=3)):
        tables = _render(summary_of(data), Labels())
        document = f"\\documentclass{{article}}\\usepackage{{booktabs}}\\begin{{document}}\n{tables}\\end{{document}}"
        # Floats are set page by page: LaTeX keeps few that wait
        document = document.replace("\\end{table}", "\\end{table}\\clearpage")
        (tmp_path / "tables.tex").write_text(document, encoding="utf-8")
        command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-draftmode", "tables.tex"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, done.stdout[-2000:]
        assert "Missing character" not in (tmp_path / "tables.log").read_text(encoding="utf-8", errors="replace")
