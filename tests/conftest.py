"""Fixtures that every test may ask for."""

from __future__ import annotations

import fcntl
import pickle
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from types import ModuleType
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

from .oracles import import_oracle, import_torchvision

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .report_data import MadeUp

# The first text that a fresh checkout draws builds Hypothesis's tables of characters, and the first call of a kernel
# compiles it: neither says anything about a test.
settings.register_profile("fastmlp", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("fastmlp")


@pytest.fixture(scope="session", autouse=True)
def _no_data_sets(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Tests see none of the data sets that the machine may have: results would depend on them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FASTMLP_DATA", str(tmp_path_factory.getbasetemp() / "no data sets"))
        yield


LONG = 1000  # tests: so many call all kernels sooner or later
COMPILED_FIRST = {  # by process
    "gw0": ("float64", ("train", "train_lora", "forward", "train_between")),
    "gw1": ("float32", ("train", "train_lora", "forward")),
}


@pytest.fixture(scope="session", autouse=True)
def _kernels_are_compiled_once(request: pytest.FixtureRequest) -> None:
    """In a long run of two processes each compiles kernels of one precision, and finds the others in the cache.

    Both begin with the same empty cache, and would compile all of them otherwise.
    """
    worker = getattr(request.config, "workerinput", {}).get("workerid")
    if worker not in COMPILED_FIRST or len(request.session.items) < LONG or find_spec("numba") is None:
        return
    from fastmlp.backends import get_backend

    dtype, functions = COMPILED_FIRST[worker]
    get_backend("numba").warm_up(np.dtype(dtype), *functions)


@pytest.fixture(autouse=True)
def _own_backends_are_forgotten() -> Iterator[None]:
    """No test knows the backends that another one adds."""
    yield
    backends = sys.modules.get("fastmlp.backends")
    if backends is not None:
        backends._OWN.clear()


@dataclass
class SeededRng:
    """A generator that shows its seed when a test fails."""

    seed: int
    generator: np.random.Generator = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.generator = np.random.default_rng(self.seed)

    def normal(self, *shape: int) -> NDArray[np.float64]:
        return self.generator.normal(size=shape)

    def labels(self, n: int, n_classes: int) -> NDArray[np.int64]:
        """Return labels in which every class occurs, if n allows it."""
        return self.generator.permutation(np.arange(n) % n_classes)


@pytest.fixture
def rng() -> SeededRng:
    return SeededRng(20261121)


@pytest.fixture(params=["numpy", "numba"])
def backend(request: pytest.FixtureRequest) -> str:
    """Ask for this where a claim is about both implementations."""
    if request.param == "numba":
        pytest.importorskip("numba", reason="the compiled backend needs numba")
    name: str = request.param
    return name


@pytest.fixture(scope="session")
def oracle() -> Callable[[str], ModuleType]:
    """Import a library that only tests compare with: see `tests.oracles`."""
    return import_oracle


@pytest.fixture(scope="session")
def vision() -> ModuleType:
    """Torchvision: see `tests.oracles.import_torchvision`."""
    return import_torchvision()


@pytest.hookimpl(tryfirst=True)  # before -m selects
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that ask for an oracle, so that `pytest -m oracle` finds them all."""
    for item in items:
        if "oracle" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.oracle)


@pytest.fixture
def markdown_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out of a report its page, for which figures are drawn: that takes longer than a small study."""
    monkeypatch.setattr("fastmlp.report.render.to_html", lambda _: "")


@pytest.fixture
def no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw none of a page's figures, where its words are what is tested."""
    monkeypatch.setattr("fastmlp.report.figures.svg.draw", lambda *_: "")


class Page(NamedTuple):
    """A report of a made-up study, and the seconds of CPU that it took."""

    html: str
    markdown: str
    seconds: float


def rendered(data: MadeUp) -> Page:
    """The report of a made-up study."""
    from fastmlp.report.render import to_html, to_markdown
    from tests.report_data import summary_of

    start = time.process_time()
    summary = summary_of(data)
    page = to_html(summary)
    return Page(page, to_markdown(summary), time.process_time() - start)


@pytest.fixture(scope="session")
def made_once(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Page]:
    """Make a page in one process of a run; the others read it, or wait for it."""
    if not hasattr(request.config, "workerinput"):
        return lambda _, make: make()
    folder = tmp_path_factory.getbasetemp().parent  # of all processes

    def read_or_make(name: str, make: Callable[[], Page]) -> Page:
        with (folder / f"{name}.pickle").open("a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            if content := file.read():
                return Page(*pickle.loads(content))
            page = make()
            file.write(pickle.dumps(tuple(page)))
            return page

    return read_or_make


@pytest.fixture(scope="session")
def lab(made_once: Callable[..., Page]) -> Page:
    """The report of a made-up lab."""
    from tests.report_data import study

    return made_once("lab", lambda: rendered(study()))


@pytest.fixture(scope="session")
def book(made_once: Callable[..., Page]) -> Page:
    """Many strategies, four problems."""
    from tests.report_data import large

    return made_once("book", lambda: rendered(large()))


@pytest.fixture(scope="session")
def ten_thousand_trials(made_once: Callable[..., Page]) -> Page:
    """As many as the budgets of a report are for."""
    from tests.report_data import large

    problems = [f"problem-{k}" for k in range(10)]
    return made_once("ten-thousand-trials", lambda: rendered(large(problems=problems, sizes=(10, 50, 200), seeds=20)))
