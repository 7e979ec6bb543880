"""Settings: what is refused, in which words, and that the rest survives being written and read."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastmlp.errors import FieldError, SettingsError
from fastmlp.registry import ACTIVATIONS, OPTIMIZERS, SHORT_BATCHES
from fastmlp.strategies import STRATEGIES, read_strategy
from fastmlp.study.settings import load
from fastmlp.study.settings.load import Settings, load_settings, to_toml
from fastmlp.study.settings.schema import GridSettings
from fastmlp.study.settings.toml import LARGEST, write_toml

REFUSALS: list[tuple[dict[Any, Any], str]] = [
    (
        {"seeds": 3},
        "seeds: there is no such setting; did you mean 'grid.seeds' or 'replicates.seeds' or",
    ),
    ({"lr": 3}, "lr: there is no such setting; did you mean 'pretraining.lr' or 'training.lr'?"),
    ({"grid": {"seed": 3}}, "grid.seed: there is no such setting; did you mean 'seeds'?"),
    ({"strategies": ["frozen"]}, "strategies: must be a table, not ['frozen']; did you mean 'grid.strategies'?"),
    ({"training": {"learning": 1}}, "training.learning: there is no such setting; known: epochs, lr,"),
    ({"training": {"epoch": 1}}, "training.epoch: there is no such setting; did you mean 'epochs'?"),
    ({1: 2}, "1: there is no such setting; known: name,"),
    ({"grid": {"seeds": "3"}}, "grid.seeds: must be a number of seeds, or a range such as '20-39', not '3'"),
    ({"grid": {"seeds": True}}, "grid.seeds: must be a whole number, not True"),
    ({"grid": {"seeds": 1.5}}, "grid.seeds: must be a whole number, not 1.5"),
    ({"grid": {"seeds": None}}, "grid.seeds: must be a whole number, not None"),
    ({"grid": {"seeds": 0}}, "grid.seeds: must be at least 1, not 0"),
    ({"grid": {"seeds": -(2**70)}}, "grid.seeds: must be at least 1, not -1180591620717411303424"),
    ({"grid": {"seeds": 2**64}}, "grid.seeds: must be at most 1000000, not 18446744073709551616"),
    ({"grid": {"seeds": 10**6}}, "the grid has 30000000 trials; at most 1000000 are possible"),
    ({"grid": {"strategies": "frozen"}}, "grid.strategies: must be a list, not 'frozen'"),
    ({"grid": {"strategies": []}}, "grid.strategies: must be a list of at least 1 entry, not []"),
    ({"grid": {"strategies": ["finetun"]}}, "grid.strategies: unknown strategy 'finetun'; did you mean 'finetune'?"),
    ({"grid": {"strategies": ["frozen", "frozen"]}}, "grid.strategies: has 'frozen' twice"),
    ({"grid": {"strategies": ["partial-1", "partial-k"]}}, "grid.strategies: has 'partial-1' twice"),
    (
        {"grid": {"strategies": ["partial-2"]}},
        "grid.strategies: 'partial-2' needs 2 hidden layers; network.hidden has 1",
    ),
    ({"grid": {"problems": []}}, "grid.problems: must be a list of at least 1 entry, not []"),
    ({"grid": {"problems": ["partiy"]}}, "grid.problems: unknown problem 'partiy'; did you mean 'parity'?"),
    ({"grid": {"sizes": []}}, "grid.sizes: must be a list of at least 1 entry, not []"),
    ({"grid": {"sizes": [20, 50, 20]}}, "grid.sizes: has 20 twice"),
    ({"grid": {"sizes": [20, 501]}}, "grid.sizes[1]: is 501; the target pool of 'parity' holds 500 examples"),
    ({"grid": {"sizes": [9]}}, "grid.sizes[0]: is 9; 'parity' has 10 classes, each needs an example"),
    ({"grid": {"sizes": [20, "x"]}}, "grid.sizes[1]: must be a whole number, not 'x'"),
    ({"training": 3}, "training: must be a table, not 3"),
    ({"training": {"lr": -1}}, "training.lr: must be above 0, not -1"),
    ({"training": {"lr": 0}}, "training.lr: must be above 0, not 0"),
    ({"training": {"lr": float("nan")}}, "training.lr: must be above 0, not nan"),
    ({"training": {"lr": float("inf")}}, "training.lr: must be at most 1e+30, not inf"),
    ({"training": {"lr": 1e300}}, "training.lr: must be at most 1e+30, not 1e+300"),
    ({"training": {"epochs": 0}}, "training.epochs: must be at least 1, not 0"),
    ({"training": {"batch_size": 0}}, "training.batch_size: must be at least 1, not 0"),
    ({"training": {"momentum": 1}}, "training.momentum: must be below 1, not 1"),
    ({"training": {"weight_decay": -0.1}}, "training.weight_decay: must be at least 0, not -0.1"),
    ({"training": {"optimizer": "adamm"}}, "training.optimizer: unknown optimizer 'adamm'; did you mean 'adam'?"),
    ({"training": {"budget": "epoch"}}, "training.budget: unknown budget 'epoch'; did you mean 'epochs'?"),
    (
        {"training": {"short_batch": "weigthed"}},
        "training.short_batch: unknown short_batch 'weigthed'; did you mean 'weighted'?",
    ),
    ({"pretraining": {"lr": 0.0}}, "pretraining.lr: must be above 0, not 0.0"),
    ({"network": {"hidden": []}}, "network.hidden: must be a list of at least 1 entry, not []"),
    ({"network": {"hidden": [0]}}, "network.hidden[0]: must be at least 1, not 0"),
    ({"network": {"activation": "rleu"}}, "network.activation: unknown activation 'rleu'; did you mean 'relu'?"),
    ({"network": {"dtype": "float16"}}, "network.dtype: unknown dtype 'float16'; did you mean 'float64'?"),
    ({"margin": 0}, "margin: must be above 0, not 0"),
    ({"name": ""}, "name: must be text of at least 1 character, not ''"),
    ({"name": "x" * 201}, "name: must be text of at most 200 characters, not 'xxx"),
    ({"name": "a\x1b[31mb"}, "name: 'a\\x1b[31mb' has characters that cannot be printed"),
]

FILES = {
    b"seeds = \n": "is no TOML: Invalid value (at line 1, column 9)",
    b"seeds = 1\nseeds = 2\n": "is no TOML: Cannot overwrite a value (at line 2,",
    b"[training]\n[training]\n": "is no TOML: Cannot declare ('training',) twice (at line 2,",
    b"seeds = 1\nname = '\xff'\n": "line 2 is not UTF-8: byte 0xff",
    b"# " + b"x" * LARGEST: f"holds more than {LARGEST} bytes",
    b"name = " + b"[" * 5000 + b"]" * 5000: "is nested too deeply",
    b"seeds = 2020-13-45\n": "is no TOML",
    b"seeds = " + b"9" * 5000 + b"\n": "holds a value that cannot be read",
    b"[training]\nlr = nan\n": "training.lr: must be above 0, not nan",
    b"[training]\nlr = -1\n": "training.lr: must be above 0, not -1",
}


@pytest.mark.parametrize(("data", "message"), REFUSALS, ids=[message[:60] for _, message in REFUSALS])
def test_a_refusal_begins_with_the_path_of_the_setting(data: dict[Any, Any], message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(data)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("content", "message"), FILES.items(), ids=range(len(FILES)))
def test_a_file_that_cannot_be_used_is_named(content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(content)
    with pytest.raises(SettingsError) as caught:
        load_settings(path)
    assert str(caught.value).startswith(f"{path}: {message}")


@pytest.mark.parametrize("study", ["lba", "nowhere.toml", Path("nowhere.toml"), "/"])
def test_a_study_that_is_not_there_is_refused(study: str | Path) -> None:
    with pytest.raises(SettingsError, match=r"did you mean 'lab'|cannot be read"):
        load_settings(study)


def test_a_byte_order_mark_and_windows_line_ends_do_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "windows.toml"
    path.write_bytes(b'\xef\xbb\xbfname = "w"\r\ngrid.seeds = 2\r\n[training]\r\nlr = 1\r\n')
    loaded = load_settings(path)
    assert (loaded.name, loaded.grid.seeds, loaded.training.lr) == ("w", 2, 1.0)


# Those of backbones need PyTorch and data: see tests/study/test_backbones.py
@pytest.mark.parametrize("name", [name for name in load.shipped() if not name.startswith("backbone-")])
def test_shipped_studies_are_accepted(name: str) -> None:
    assert load_settings(name).name == name


def test_the_book_has_every_strategy_and_enough_of_all_else() -> None:
    book = load_settings("book")
    assert set(STRATEGIES) <= set(book.grid.strategies)
    assert len(book.grid.problems) >= 8
    assert len(book.grid.sizes) >= 6
    assert (min(book.grid.sizes), max(book.grid.sizes)) == (10, 500)
    assert len(book.grid.seed_range) >= 20
    assert len(book.network.hidden) >= 2
    assert (book.replicates.seeds, book.replicates.number, book.replicates.sizes) == (10, 10, (100,))


def test_yosinski_has_every_depth() -> None:
    yosinski = load_settings("yosinski")
    for family in ("transplant", "transfuse", "random-frozen"):
        assert {f"{family}-{k}" for k in range(1, len(yosinski.network.hidden) + 1)} <= set(yosinski.grid.strategies)


def test_what_is_left_out_is_as_in_the_lab() -> None:
    assert load_settings({"name": "lab"}) == load_settings("lab") == Settings(name="lab")


def test_settings_made_in_python_are_checked_too() -> None:
    with pytest.raises(SettingsError, match=r"grid\.seeds: must be at least 1, not 0"):
        load_settings(Settings(grid=GridSettings(seeds=0)))


def test_a_family_stands_for_the_members_the_network_is_deep_enough_for() -> None:
    deep = load_settings({"grid": {"strategies": ["frozen", "partial-k"]}, "network": {"hidden": [8, 8, 8]}})
    assert deep.grid.strategies == ("frozen", "partial-1", "partial-2", "partial-3")


def test_quick_thins_the_grid_and_changes_nothing_else() -> None:
    lab = load_settings("lab")
    thin = msgspec.structs.replace(lab.grid, sizes=(20, 100, 500), seeds=3)
    assert load.quick(lab) == msgspec.structs.replace(lab, grid=thin)
    assert load.quick(load.with_seeds(lab, 2)).grid.seeds == 2
    one = load_settings({"grid": {"sizes": [40]}})
    assert load.quick(one).grid.sizes == (40,)


def test_another_number_of_seeds_is_checked() -> None:
    assert load.with_seeds(load_settings("lab"), 7).grid.seeds == 7
    with pytest.raises(SettingsError, match=r"grid\.seeds: must be at least 1, not 0"):
        load.with_seeds(load_settings("lab"), 0)


def test_seeds_are_a_number_or_a_range() -> None:
    grid = load_settings({"grid": {"seeds": "20-39"}}).grid
    assert (grid.seeds, grid.seed_range, grid.first_seeds(2)) == ("20-39", range(20, 40), range(20, 22))
    assert load_settings({"grid": {"seeds": "0-9"}}).grid.seeds == 10, "one study has one text"
    assert load.with_seeds(load_settings("lab"), range(5, 7)).grid.seeds == "5-6"
    assert load.quick(load.with_seeds(load_settings("lab"), "20-39")).grid.seeds == "20-22"
    with pytest.raises(SettingsError, match=r"grid\.seeds: must be a number of seeds, .*, not '39-20'"):
        load_settings({"grid": {"seeds": "39-20"}})
    with pytest.raises(SettingsError, match=r"grid\.seeds: must be a whole number, not range"):
        load.with_seeds(load_settings("lab"), range(0))


def some(pool: Any, most: int = 3) -> st.SearchStrategy[list[Any]]:
    return st.lists(pool, min_size=1, max_size=most, unique=True)


COUNTS = st.integers(1, 1_000_000)
RATES = st.floats(0, 1e30, exclude_min=True)
MULTIPLIERS = st.floats(0, 10) | st.integers(0, 3)
PHASES = st.fixed_dictionaries(
    {"share": st.just(0.5)},
    optional={
        "head": MULTIPLIERS,
        "body": MULTIPLIERS,
        "biases": MULTIPLIERS,
        "divisor": st.floats(1, 5),
        "pull": MULTIPLIERS,
    },
)


def is_strategy(table: dict[str, Any]) -> bool:
    """Whether a table is accepted; what trains nothing, for one, is not."""
    try:
        read_strategy(table)
    except FieldError:
        return False
    return True


OWN = st.fixed_dictionaries(
    {
        "start": st.sampled_from(["pretrained", "meanvar"]),
        "layers": st.just(1),
        "phases": st.lists(PHASES, min_size=2, max_size=2),
    },
    optional={"scaler": st.sampled_from(["source", "target"]), "cut": st.booleans()},
).filter(is_strategy)
# Strategies that run on every problem, without a number in their names
NAMED = [name for name, strategy in STRATEGIES.items() if strategy.head == "new" and not name[-1].isdigit()]
STUDIES = st.fixed_dictionaries(
    {},
    optional={
        "name": st.text(min_size=1, max_size=200).filter(str.isprintable),
        "grid": st.fixed_dictionaries(
            {},
            optional={
                "problems": some(st.sampled_from(["parity", "rotated-30", "noisy-0.5", "teacher-0.5"])),
                "strategies": some(st.sampled_from(NAMED), 6),
                "sizes": some(st.integers(20, 500)),
                "seeds": st.integers(1, 1000),
            },
        ),
        "strategies": st.dictionaries(st.from_regex(r"[a-z]{1,8}-own", fullmatch=True), OWN, max_size=2),
        "margin": st.floats(0, 1, exclude_min=True, exclude_max=True),
        "network": st.fixed_dictionaries(
            {},
            optional={
                "hidden": st.lists(COUNTS, min_size=1, max_size=3),
                "activation": st.sampled_from(ACTIVATIONS),
                "dtype": st.sampled_from(["float32", "float64"]),
            },
        ),
        "pretraining": st.fixed_dictionaries({}, optional={"epochs": COUNTS, "lr": RATES}),
        "training": st.fixed_dictionaries(
            {},
            optional={
                "lr": RATES,
                "momentum": st.floats(0, 1, exclude_max=True),
                "weight_decay": st.floats(0, 1e30),
                "optimizer": st.sampled_from(OPTIMIZERS),
                "budget": st.sampled_from(["epochs", "steps"]),
                "short_batch": st.sampled_from(SHORT_BATCHES),
            },
        ),
    },
)


@settings(deadline=None, max_examples=50)
@given(STUDIES)
def test_settings_survive_being_written_and_read(data: dict[str, Any]) -> None:
    loaded = load_settings(data)
    assert load.from_dict(tomllib.loads(to_toml(loaded))) == loaded


VALUES = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False) | st.booleans()
TEXTS = st.text(st.characters(codec="utf-8"), max_size=20)


@settings(deadline=None, max_examples=100)
@given(st.dictionaries(st.from_regex(r"[A-Za-z0-9_-]+", fullmatch=True), VALUES | TEXTS | st.lists(VALUES | TEXTS)))
def test_toml_text_means_what_was_written(data: dict[str, Any]) -> None:
    assert tomllib.loads(write_toml({**data, "table-": data})) == {**data, "table-": data}


def test_a_value_toml_does_not_know_is_not_written() -> None:
    with pytest.raises(TypeError, match=r"set\(\) has no place in a settings file"):
        write_toml({"a": set()})
