"""What a check says of a task, as plain text, which terminals, notebooks and editors show alike."""

from __future__ import annotations

from dataclasses import dataclass

from .texts import say, texts


@dataclass(frozen=True)
class Outcome:
    """The result of checking one task.

    Parameters
    ----------
    task
        Its number.
    key
        The mistake, or nothing if the task is solved.
    sentence, numbers
        What was seen, and the numbers that show it.
    topic
        Which hints fit.
    seed
        The seed of the data; the same seed gives the same data.
    """

    task: int
    key: str = ""
    sentence: str = ""
    numbers: str = ""
    topic: str = ""
    seed: int = 0

    @property
    def solved(self) -> bool:
        """Whether nothing was found."""
        return not self.key

    @property
    def title(self) -> str:
        """The task's title."""
        title: str = texts()["tasks"][str(self.task)]["title"]
        return title

    @property
    def hints(self) -> list[str]:
        """The hints for what failed, each more open than the one before."""
        hints: list[str] = texts()["hints"].get(self.topic, [])
        return hints

    def lines(self, hint: int = 0, how: str = "") -> list[str]:
        """Return the outcome as lines of text, with a hint by its number, or how to ask for one."""
        if self.solved:
            return [say("messages", "solved", task=self.task, title=self.title)]
        lines = [say("messages", "unsolved", task=self.task, title=self.title), "  " + self.sentence]
        if self.numbers:
            lines.append("  " + self.numbers)
        if 0 < hint <= len(self.hints):
            text = self.hints[hint - 1]
            lines.append("  " + say("messages", "hint", number=hint, total=len(self.hints), text=text))
        elif hint:
            lines.append("  " + say("messages", "no_hint", number=hint, total=len(self.hints)))
        elif self.hints and how:
            lines.append("  " + say("messages", "hint_offer", how=how))
        return lines


@dataclass(frozen=True)
class Progress:
    """What `check` returns.

    Parameters
    ----------
    outcomes
        Of the tasks that were checked.
    solved, total
        The tasks that are solved so far, and how many there are.
    hint
        Which hint to show.
    file
        Which file was checked, in a terminal; it is named where a hint is offered.
    counted
        Whether `solved` holds all that is solved; a file of which one task was checked may hold more.
    """

    outcomes: list[Outcome]
    solved: frozenset[int]
    total: int
    hint: int = 0
    file: str = ""
    counted: bool = True

    def __str__(self) -> str:
        lines = []
        how = "how_terminal" if self.file else "how_notebook"
        for outcome in self.outcomes:
            lines += outcome.lines(self.hint, say("messages", how, task=outcome.task, file=self.file))
        if self.counted:
            lines.append(say("messages", "progress", solved=len(self.solved), total=self.total))
        return "\n".join(lines)

    __repr__ = __str__
