"""Numbers of sections, tables, figures and equations; works cited; terms already explained."""

from __future__ import annotations

from .references import REFERENCES

__all__ = ["Labels"]


class Labels:
    """Numbers of sections, tables, figures and equations, in the order in which they first appear; works cited; terms.

    A body is rendered twice: on the first pass a reference may point at what comes later and has no number yet.
    """

    def __init__(self) -> None:
        self.sections: list[dict[str, str]] = []
        self.names: dict[str, str] = {}
        self.counts: dict[str, int] = {}
        self.cited: set[str] = set()
        self.terms: set[str] = set()
        self.complete = False

    def begin_again(self) -> None:
        """The second pass: all numbers are known, and no term has been met yet."""
        self.complete = True
        self.terms.clear()

    def section(self, ident: str, title: str) -> str:
        """The number of a section."""
        if ident not in self.names:
            self.sections.append({"ident": ident, "title": title})
            self.names[ident] = f"Section {len(self.sections)}"
        return self.names[ident].removeprefix("Section ")

    def subsection(self, ident: str) -> str:
        """The number of a section within the last one, or nothing before the first."""
        if ident not in self.names:
            chapter = str(len(self.sections))
            self.counts[chapter] = self.counts.get(chapter, 0) + 1
            self.names[ident] = f"Section {chapter}.{self.counts[chapter]}" if self.sections else ""
        return self.names[ident].removeprefix("Section ")

    def number(self, kind: str, ident: str) -> str:
        """The number of a table, a figure, an equation or an exercise."""
        if ident not in self.names:
            self.counts[kind] = self.counts.get(kind, 0) + 1
            self.names[ident] = f"{kind} {self.counts[kind]}"
        return self.names[ident].removeprefix(f"{kind} ")

    def ref(self, ident: str) -> str:
        """How a text refers to it: "Figure 2".

        Raises
        ------
        KeyError
            On the second pass, when nothing has that name.
        """
        return self.names[ident] if self.complete else self.names.get(ident, "")

    def cite(self, key: str) -> str:
        """How a text names a work, which is then listed at the end."""
        self.cited.add(key)
        return REFERENCES[key].short

    def is_first(self, term: str) -> bool:
        """Whether a term has not been met before."""
        new = term not in self.terms
        self.terms.add(term)
        return new
