"""What fixed trainings learn is written down: a change of results is seen, however small, and has to be announced."""

from __future__ import annotations

import copy
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from bench import fingerprint, noiseless
from bench.exit_codes import CHECK_FAILED, NO_VERDICT, PASSED
from bench.fingerprint import Comparison, NoFingerprint, compare, fingerprint_of, read, to_text
from bench.fixed_trainings import MANY, WIDE, learn, trainings, wide_trainings
from bench.gate.build import Build
from bench.gate.checks import Revision, check, check_builds
from bench.gate.verdict import Check
from bench.tables import SHOWN
from fastmlp.backends import reference, reference_lora
from fastmlp.backends.reference_optimizer import step_of
from fastmlp.registry import ADAM_DEFAULTS, Adam

Json = dict[str, Any]

FILE = fingerprint.PATH.read_text(encoding="utf-8")
COUNTS = {
    "hot loops": 4,
    "instructions": 128,
    "vector instructions": 104,
    "spills": 0,
    "calls of libm": 0,
    "narrow multiply-adds": 0,
}
CODE = {"float32": {"counts": COUNTS, "seconds": 3.0}}


@pytest.fixture(scope="module")
def found() -> Json:
    pytest.importorskip("numba")
    return noiseless.gather(["machine", "learning", "memory"])


@pytest.fixture
def here(found: Json) -> Json:
    """The facts of this checkout, free to be changed."""
    return copy.deepcopy(found) | {"assembly": copy.deepcopy(CODE)}


def own_file(revision: Json) -> str:
    return to_text(fingerprint_of(revision))


def test_trainings_learn_what_is_written_down(found: Json) -> None:
    assert compare(read(FILE), fingerprint_of(found)).changed == []
    assert list(read(FILE)["learning"]) == list(found["learning"]["numpy"])


@pytest.mark.parametrize("training", [name for name in wide_trainings() if "many rows" in name])
def test_threads_change_no_bit(training: str) -> None:
    bits = {name: one["bits"] for name, one in read(FILE)["learning"].items()}
    assert bits[training] == bits[training.replace("many rows", "two threads")]


def test_wide_trainings_go_where_products_are_cut() -> None:
    matmul = pytest.importorskip("fastmlp.backends.kernels.matmul_tiled")
    depth_block = getattr(matmul.depth_block, "py_func", matmul.depth_block)  # itself where nothing is compiled
    inputs, _, above = WIDE
    for depth in (inputs, above, MANY):
        assert depth_block(depth, 32) < depth
    assert MANY > matmul.ROW_BLOCK
    assert all(size % 2 for size in (*WIDE, MANY)), "panels, a power of two wide, are never full"


def test_text_and_fingerprint_are_the_same(found: Json) -> None:
    assert read(own_file(found)) == fingerprint_of(found)
    assert to_text(read(FILE)) == FILE


@pytest.mark.parametrize(
    ("name", "constant", "value", "moved"),
    [
        ("epsilon", 1e-8, 1e-7, {"adam, float64", "adamw, float64", "rank 3, adam, float64"}),
        ("beta2", 0.999, 0.9991, {"adam, float32", "adam, float64", "adamw, float32"}),
    ],
)
def test_a_small_change_of_a_rule_is_seen_on_any_machine(
    name: str, constant: float, value: float, moved: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    small = trainings().keys() - wide_trainings().keys()
    chosen = {key: trainings()[key] for key in small if "adam" in key or key.startswith("sgd")}

    def written() -> Json:
        learnt = {key: {**one._asdict(), "bits": {"numpy": one.bits}} for key, one in learn("numpy", chosen).items()}
        return {"machine": {"vectors": "none"}, "learning": learnt, "memory": {}}

    def changed_step(*arguments: Any, adam: Adam, **options: Any) -> Any:
        return step_of(*arguments, adam=Adam(**{**adam._asdict(), name: value}), **options)

    assert getattr(ADAM_DEFAULTS, name) == constant
    before = written()
    for module in (reference, reference_lora):
        monkeypatch.setattr(module, "step_of", changed_step)
    after = written() | {"machine": {"vectors": "others"}}
    changed = {line.partition(":")[0] for line in compare(before, after).changed}
    assert moved <= changed
    assert not {"sgd, float32", "sgd, float64"} & changed


def test_on_one_machine_the_last_bit_counts(found: Json) -> None:
    before, after = fingerprint_of(found), fingerprint_of(found)
    after["learning"]["sgd, float32"]["bits"]["numba"] = "0" * 16
    assert compare(before, after).changed == ["sgd, float32: the last bits are others, on numba"]
    after["machine"] = before["machine"] | {"numba": "0.0"}
    assert compare(before, after) == Comparison()


def test_memory_is_compared_but_for_a_little(found: Json) -> None:
    before, after = fingerprint_of(found), fingerprint_of(found)
    name = "lab, sgd, float32"
    after["memory"] = before["memory"] | {name: before["memory"][name] + 1000}
    assert compare(before, after).changed == []
    after["memory"][name] = 2 * before["memory"][name]
    assert len(compare(before, after).changed) == 1


def test_new_and_gone_trainings_are_named(found: Json) -> None:
    before, after = fingerprint_of(found), fingerprint_of(found)
    after["learning"]["sam, float32"] = after["learning"].pop("sgd, float32")
    unknown = compare(before, after).unknown
    assert unknown == ["sam, float32: new, there is nothing to compare with", "sgd, float32: gone"]


def rows(base: Json, head: Json, base_file: str | None = FILE, head_file: str | None = FILE) -> dict[str, Check]:
    """The gate's checks by name."""
    return {one.name: one for one in check(Revision(base, base_file), Revision(head, head_file))}


@pytest.mark.parametrize("text", [None, "", FILE[: len(FILE) // 2], "[]", '{"learning": {}}', '{"learning": 3}'])
def test_a_fingerprint_that_cannot_be_read_is_no_verdict(text: str | None, here: Json) -> None:
    with pytest.raises(NoFingerprint):
        read(text)
    assert rows(here, here, FILE, text)["fingerprint.json"].passed is None


def test_a_loss_that_is_no_number_is_no_verdict(here: Json) -> None:
    broken = copy.deepcopy(here)
    broken["learning"]["numba"]["sgd, float32"]["losses"][2] = float("nan")
    one = rows(here, broken)["fingerprint.json"]
    assert (one.passed, one.note) == (None, "sgd, float32: not a number among its losses")
    assert rows(broken, here)["results"].passed is None


def test_a_part_that_cannot_be_had_is_named(here: Json) -> None:
    def broken() -> Json:
        raise RuntimeError("no such kernel")

    def absent() -> Json:
        raise NotImplementedError("not on this machine")

    found = noiseless.gather(parts={"assembly": broken, "memory": absent})
    assert found == {
        "assembly": {"failed": "RuntimeError: no such kernel"},
        "memory": {"skipped": "not on this machine"},
    }
    failed = here | {"assembly": found["assembly"]}
    one = rows(failed, here)["hot loops"]
    assert (one.passed, one.note) == (None, "base: RuntimeError: no such kernel")
    assert rows(here, here | {"assembly": {"skipped": "ARM"}})["hot loops"].passed is True
    assert (
        rows(here, failed | {"memory": {"failed": "MemoryError"}})["fingerprint.json"].note == "no memory: MemoryError"
    )


def test_results_that_change_are_refused_unless_announced(here: Json) -> None:
    base, old = copy.deepcopy(here), own_file(here)
    same = rows(base, here, old, old)
    assert all(one.passed for one in same.values())
    assert same["results"].base == same["results"].head
    for name in ("sgd, float32", "adam, float64"):
        here["learning"]["numba"][name]["losses"][-1] *= 1.01
        here["learning"]["numba"][name]["bits"] = "0" * 16
    silent = rows(base, here, old, old)
    assert not silent["fingerprint.json"].passed
    assert "python -m bench fingerprint --renew" in silent["fingerprint.json"].note
    assert not silent["results"].passed
    assert silent["results"].base != silent["results"].head
    announced = rows(base, here, old, own_file(here))
    assert all(one.passed for one in announced.values())
    assert "renewed on purpose; sgd, float32: loss of epoch 6" in announced["results"].note


def test_bits_that_change_are_refused_on_whatever_machine_the_file_was_written(here: Json) -> None:
    elsewhere = json.dumps(read(own_file(here)) | {"machine": {"vectors": "NEON"}})
    base = copy.deepcopy(here)
    here["learning"]["numpy"]["sgd, float64"]["bits"] = "0" * 16
    found = rows(base, here, elsewhere, elsewhere)
    assert found["fingerprint.json"].passed
    assert found["results"].passed is False


def test_announcing_something_else_does_not_help(here: Json) -> None:
    base, old = copy.deepcopy(here), own_file(here)
    here["learning"]["numba"]["sgd, float32"]["losses"][-1] *= 1.01
    other = copy.deepcopy(base)
    other["learning"]["numba"]["sgd, float32"]["losses"][-1] *= 1.02
    assert rows(base, here, old, own_file(other))["fingerprint.json"].passed is False


def test_more_memory_is_refused_unless_announced(here: Json) -> None:
    base, old = copy.deepcopy(here), own_file(here)
    here["memory"]["deep, adam, float64"] *= 2
    found = rows(base, here, old, old)
    assert (found["memory"].passed, found["results"].passed) == (False, True)
    assert rows(base, here, old, own_file(here))["memory"].passed


@pytest.mark.parametrize(
    ("what", "value", "passed"),
    [("spills", 1, False), ("hot loops", 0, False), ("hot loops", 3, True), ("instructions", 140, True)],
)
def test_worse_machine_code_is_refused(what: str, value: int, here: Json, *, passed: bool) -> None:
    base = copy.deepcopy(here)
    here["assembly"]["float32"]["counts"][what] = value
    found = rows(base, here)["hot loops, float32"]
    assert found.passed is passed
    assert (found.note == f"{what}: {COUNTS[what]}, now {value}") is not passed


@pytest.fixture
def builds(tmp_path: Path, here: Json) -> tuple[Build, Build]:
    """Two builds whose suites tell facts that were found here."""
    made = []
    for label in ("base", "head"):
        folder = tmp_path / label
        (folder / "suites" / "bench").mkdir(parents=True)
        (folder / "env" / "bin").mkdir(parents=True)
        (folder / "env" / "bin" / "python").symlink_to(sys.executable)
        (folder / "suites" / "bench" / "fingerprint.json").write_text(own_file(here))
        (folder / "suites" / "bench" / "noiseless.py").write_text(f"print({json.dumps(here)!r})")
        made.append(Build(label, "a commit", folder, "a digest"))
    return made[0], made[1]


def test_the_gate_asks_both_builds(builds: tuple[Build, Build]) -> None:
    said: list[str] = []
    assert {one.name: one.passed for one in check_builds(builds, said.append)} == dict.fromkeys(
        ("fingerprint.json", "results", "memory", "hot loops, float32", "compiling, float32"), True
    )
    assert said == ["checking results, memory and machine code"]
    (builds[1].suites / "bench" / "noiseless.py").write_text("import sys; sys.exit('no such module')")
    assert check_builds(builds, said.append)[0].note == "no machine: no such module"
    for build in builds:
        (build.suites / "bench" / "noiseless.py").unlink()
    assert check_builds(builds, said.append) == []


def test_the_command_compares_and_renews(found: Json, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "fingerprint.json"

    def run(*, renew: bool = False) -> int:
        return fingerprint.run(renew=renew, path=path, measure=lambda: copy.deepcopy(found))

    assert run() == NO_VERDICT
    assert run(renew=True) == PASSED
    assert run() == PASSED
    changed = read(path.read_text())
    for training in changed["learning"].values():
        training["losses"][0] += 0.1
    path.write_text(to_text(changed))
    capsys.readouterr()
    assert run() == CHECK_FAILED
    assert f"and {len(changed['learning']) - SHOWN} more" in capsys.readouterr().out
    path.write_text(FILE[:500])
    assert run() == NO_VERDICT
    assert list(tmp_path.iterdir()) == [path]
