"""``fastmlp fit``: advice for the user's own labels, and the model that follows it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ...errors import InvalidInput
from ...report.format import count, percent
from ..arguments import BACKENDS, PATH
from ..console import say
from ..exit_codes import DONE, HELP

if TYPE_CHECKING:
    from ...answer import Answer, Question

WAYS = ("refuse", "mean", "drop")  # those of `interchange.tables`, which a help does not wait for
OF_TABLES = ("label", "pretrained", "ignore", "group", "missing", "one_unit")  # in TOML they are settings
OF_BACKBONES = ("backbone", "weights", "size")


@click.command(
    "fit",
    epilog="\b\nExamples:\n"
    "  fastmlp fit mine.csv --label topic --out topic.safetensors\n"
    "  fastmlp fit mine.csv --label topic --pretrained net.safetensors --out topic.safetensors\n"
    "  fastmlp fit flowers/ --backbone efficientnet-lite0 --out flowers.safetensors\n"
    "  fastmlp fit mine.toml --out topic.safetensors       settings, [problems.mine] among them\n"
    "  fastmlp predict topic.safetensors new.csv > predicted.csv\n\n" + HELP,
)
@click.argument("problem", type=PATH)
@click.option("--out", type=PATH, required=True, help="File of the model; the report is written beside it.")
@click.option("--label", metavar="COLUMN", help="The column that holds the labels.")
@click.option("--pretrained", type=PATH, metavar="FILE", help="A pretrained network, in a file of fastmlp.")
@click.option(
    "--backbone",
    metavar="NAME",
    help="For pictures or texts: efficientnet-lite0, timm:NAME, torchvision:NAME or transformers:FOLDER.",
)
@click.option("--weights", type=PATH, metavar="FILE", help="Weights of your own for the backbone.")
@click.option("--size", type=click.IntRange(min=1), help="Pixels of a side. [default: the checkpoint's]")
@click.option("--ignore", multiple=True, metavar="COLUMN", help="A column that is no feature; may be repeated.")
@click.option("--group", metavar="COLUMN", help="Rows of one group are never both trained on and judged on.")
@click.option(
    "--missing",
    type=click.Choice(WAYS),
    default="refuse",
    show_default=True,
    help="Missing values: refuse them, fill them with the mean of the rows trained on, or drop their rows.",
)
@click.option("--one-unit", is_flag=True, help="All features are in one unit, as pixels and embeddings are.")
@click.option("--problem", "name", metavar="NAME", help="Which problem of the TOML file, if it has several.")
@click.option(
    "--compared",
    type=click.IntRange(min=10),
    default=2000,
    show_default=True,
    help="Compare strategies on at most so many rows; the model is trained on all.",
)
@click.option("--jobs", type=click.IntRange(min=1), help="Number of parallel workers. [default: one per core]")
@click.option("--backend", type=BACKENDS, default="auto", show_default=True, help="Compute backend.")
def fit_command(problem: Path, out: Path, *, compared: int, jobs: int | None, backend: str, **options: Any) -> int:
    """Say which strategy to take for the labelled rows of PROBLEM, and train it on all of them.

    PROBLEM is a table with a header (.csv, .parquet), arrays (.npz, .npy), or settings (.toml) with a table
    [problems.NAME]. With a backbone it is a folder with one folder of pictures for each class, or a CSV file with
    columns path and label, or text and label. Strategies are compared inside the labels; without a pretrained network,
    those that need none. It writes the model, and beside it a report in HTML and Markdown.
    """
    from ...answer import answer, write_pages
    from ...files import prepare_file
    from ...models import save

    place = prepare_file(out)
    question = read_question(problem, backend=backend, **options)
    introduce(question)
    found = answer(question, compared=compared, backend=backend, jobs=jobs)
    save(found.model, place)
    pages = write_pages(found, place)
    show(found)
    say(f"model: {out}, trained on all {count(len(question.table.X))} {question.unit}")
    say(f"report: {pages[0]}, {pages[1].name}")
    return DONE


def read_question(problem: Path, *, name: str | None, backend: str = "auto", **options: Any) -> Question:
    """Return what is asked by the arguments of the command."""
    from ...answer import question_of_backbone, question_of_settings, question_of_table
    from ...interchange.tables import Wanted
    from ...study.settings.problems import given_backbone

    of_tables = [option for option in OF_TABLES if options[option] not in {None, (), "refuse", False}]
    of_backbones = [option for option in OF_BACKBONES if options[option] is not None]
    if problem.suffix == ".toml":
        for option in [*of_tables, *of_backbones]:
            told = f"{problem} says it in [problems.NAME], {option} = ..."
            raise InvalidInput(f"--{option.replace('_', '-')} is for tables; {told}")
        return question_of_settings(problem, name, backend=backend)
    if name is not None:
        raise InvalidInput(f"--problem is for settings in TOML; {problem} is a table")
    if options["backbone"] is not None:
        for option in of_tables:
            raise InvalidInput(f"--{option.replace('_', '-')} is for numbers; --backbone is for pictures and texts")
        preparation = {} if options["size"] is None else {"size": options["size"]}
        given = {"backbone": options["backbone"], "target": str(problem), "preparation": preparation}
        given |= {} if options["weights"] is None else {"weights": str(options["weights"])}
        return question_of_backbone(given_backbone("fit", given, Path()))
    for option in of_backbones:
        raise InvalidInput(f"--{option} is for a backbone, and --backbone names none")
    wanted = Wanted(**{key: options[key] for key in ("label", "ignore", "group", "missing")})
    return question_of_table(problem, wanted, pretrained=options["pretrained"], one_unit=options["one_unit"])


def introduce(question: Question) -> None:
    """Say on stderr what was read, before the work begins."""
    table = question.table
    classes, _ = table.classes()
    unit = f"rows of {count(table.X.shape[1])} features" if question.unit == "rows" else question.unit
    say(f"{table.name}: {count(len(table.X))} {unit}, {count(len(classes))} classes in {question.label}")
    if table.dropped and question.unit == "rows":
        say(f"{count(table.dropped)} rows were left out, because something is missing in them")
    say(f"pretrained: {question.origin or 'nothing; --pretrained FILE names a network'}")


def show(found: Answer) -> None:
    """Print the answer: a sentence, the comparison, the accuracy to expect, what more labels would be worth."""
    from ...answer.page import comparison_table
    from ...notebook import text_table

    click.echo(str(found.advice))
    click.echo()
    table = comparison_table(found)
    rows = [[str(column["head"]["value"]) for column in table["columns"]]]
    rows += [[percent(c["value"]) if c["kind"] == "percent" else str(c["value"]) for c in row] for row in table["rows"]]
    click.echo(text_table(rows))
    if len(table["rows"]) > 1:
        click.echo("Each interval is for one comparison alone; the verdicts are corrected for all pairs of strategies.")
    click.echo()
    score = found.advice.rehearsal.score
    if score.mean is not None:
        spread = "the same on every fold"
        if score.low is not None and score.high is not None:
            spread = f"95 % interval {percent(max(0.0, score.low))} to {percent(min(1.0, score.high))}"
        click.echo(f"Expect of {found.advice.best} on new rows: {percent(score.mean)} right ({spread}),")
        click.echo("or a little less, for it was chosen by that number.")
    if found.more is None:
        compared = f"{count(len(found.rows))} of {count(len(found.question.table.X))} rows"
        click.echo(f"Compared on {compared}; --compared N changes that.")
    else:
        click.echo(str(found.more))
