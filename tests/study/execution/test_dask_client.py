"""What is given for a cluster is refused in one line, before anything is written."""

from __future__ import annotations

import logging
import sys
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar

import pytest

import fastmlp
from fastmlp import backends
from fastmlp.cli import main
from fastmlp.errors import InvalidInput, MissingLibrary
from fastmlp.study.execution import dask_client
from fastmlp.study.execution.dask_client import check_cluster, connect
from tests.made_up_study import SMALL

dask = pytest.importorskip("dask")
pytest.importorskip("distributed")


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "nothing://host:1", "tcp://no-such-host.invalid:8786"])
def test_an_address_where_nobody_listens_is_one_line_and_nothing_is_written(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(dask_client, "CONNECT_SECONDS", 0.2)
    assert main(["study", "lab", "--dask", address]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"fastmlp: executor (--dask) is '{address}'; no Dask scheduler answers there: ")
    assert len(said.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_jobs_and_a_cluster_contradict_each_other(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"jobs is 2, but the workers are those of executor \(--dask\), 'local:2'"):
        fastmlp.run_study(SMALL, tmp_path, jobs=2, executor="local:2")


def test_a_cluster_does_not_know_a_backend_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(backends._OWN, "mine", backends.get_backend("numpy"))
    with pytest.raises(InvalidInput, match="backend is 'mine', which a Dask cluster does not know"):
        fastmlp.run_study(SMALL, tmp_path / "out", backend="mine", executor="local:2")
    assert list(tmp_path.iterdir()) == []


def test_the_page_tells_how_workers_of_ones_own_do_without_what_local_ones_do() -> None:
    page = (Path(__file__).parents[3] / "docs" / "cluster.md").read_text(encoding="utf-8")
    told = pytest.importorskip("yaml").safe_load(page.partition("```yaml\n")[2].partition("```")[0])
    with dask.config.set(dask_client.UNDISTURBED):
        expected = {name: dask.config.get(name) for name in dask_client.UNDISTURBED}
    with dask.config.set(told):
        assert {name: dask.config.get(name) for name in dask_client.UNDISTURBED} == expected


def test_without_dask_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(MissingLibrary, match=r"pip install 'fastmlp\[dask\]'"), connect("local:1"):
        pass


def test_dask_is_quiet_though_its_import_sets_the_levels_of_its_loggers(monkeypatch: pytest.MonkeyPatch) -> None:
    loggers = [logging.getLogger(name) for name in ("distributed.batched", "distributed.client", "tornado.application")]

    def imported() -> None:
        for name, level in {"distributed": "INFO", "distributed.client": "WARNING", "tornado": "ERROR"}.items():
            logging.getLogger(name).setLevel(level)

    monkeypatch.setattr(dask_client, "_distributed", imported)
    monkeypatch.setattr(dask_client, "_remote", lambda *_: nullcontext())
    with connect("tcp://host:8786"):
        assert not [logger for logger in loggers if logger.isEnabledFor(logging.ERROR)]
    assert all(logger.isEnabledFor(logging.ERROR) for logger in loggers)


def test_workers_of_ones_own_keep_the_memory_that_they_will_need_again(monkeypatch: pytest.MonkeyPatch) -> None:
    variables = list[dict[str, str | None]]()

    class Cluster(nullcontext[None]):
        workers: ClassVar[dict[str, object]] = {}

        def __init__(self, **_: object) -> None:
            super().__init__()
            variables.append(dict(dask.config.get("distributed.nanny.pre-spawn-environ")))

    client = SimpleNamespace(nthreads=dict)
    made_up = SimpleNamespace(LocalCluster=Cluster, Client=lambda *_, **__: nullcontext(client))
    monkeypatch.setattr(dask_client, "_distributed", lambda: made_up)
    with connect("local:2"):
        pass
    assert variables[0]["MALLOC_TRIM_THRESHOLD_"] is None
    assert variables[0]["OMP_NUM_THREADS"] is not None


@pytest.mark.parametrize(
    ("cluster", "why"),
    [("host:8786", "it must be such as tcp://host:8786 or local:4"), ("local:0", "from 1 to 1024 workers"),
     ("local:9999", "from 1 to 1024 workers"), (4, "a client of Dask, an address or None")],
    ids=["no protocol", "none", "too many", "a number"],
)  # fmt: skip
def test_what_is_no_cluster_is_refused_with_its_value(cluster: object, why: str) -> None:
    with pytest.raises(InvalidInput, match=rf"executor \(--dask\) is {cluster!r}; .*{why}"):
        check_cluster(cluster)
