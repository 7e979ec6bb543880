"""The SLURM script in docs/cluster.md, run with a stand-in for `srun`, and the commands beside it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import fastmlp
from fastmlp.cli import main
from fastmlp.study import run as study_run
from fastmlp.study.settings.load import from_dict, to_toml

from .made_up_study import SMALL, without_seconds

PAGE = Path(__file__).parents[1] / "docs" / "cluster.md"

if not PAGE.is_file():
    pytest.skip("docs/ is no part of what is built", allow_module_level=True)

# The command, but for the report, which has tests of its own, and for Numba, which takes longer to load than the study.
FASTMLP = """
import sys
sys.modules["numba"] = None
from fastmlp.cli import main
from fastmlp.study import run
run.refresh_report = lambda *_: None
sys.exit(main())
"""
TEXT = PAGE.read_text(encoding="utf-8")
ARRAY, MERGE = re.findall(r"^```bash\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)


def script(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)


def test_the_array_and_the_merge_are_the_study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "command.py").write_text(FASTMLP, encoding="utf-8")
    script(tmp_path / "bin" / "srun", '#!/bin/sh\nexec "$@"\n')
    script(tmp_path / "bin" / "fastmlp", f'#!/bin/sh\nexec "{sys.executable}" "{tmp_path / "command.py"}" "$@"\n')
    script(tmp_path / "study.sh", ARRAY)
    (tmp_path / "big.toml").write_text(to_toml(from_dict(SMALL)), encoding="utf-8")
    slurm = {"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", "SLURM_CPUS_PER_TASK": "1"}
    slurm["SLURM_ARRAY_TASK_COUNT"] = "2"
    for task in ("1", "2"):
        environment = os.environ | slurm | {"SLURM_ARRAY_TASK_ID": task}
        subprocess.run(["bash", "study.sh"], cwd=tmp_path, env=environment, check=True, timeout=300)
    subprocess.run(["bash", "-c", MERGE], cwd=tmp_path, env=os.environ | slurm, check=True, timeout=300)
    monkeypatch.setattr(study_run, "refresh_report", lambda *_: None)
    whole = fastmlp.run_study(SMALL, tmp_path / "whole", backend="numpy", jobs=1)
    assert without_seconds(tmp_path / "out" / "results.csv") == without_seconds(whole.table)


def test_options_in_the_commands_exist(capsys: pytest.CaptureFixture[str]) -> None:
    help_of = {}
    for command in set(re.findall(r"fastmlp (\w+)", TEXT)):
        assert main([command, "--help"]) == 0
        help_of[command] = capsys.readouterr().out
    for command, options in re.findall(r"^(?:\$ |srun )?fastmlp (\w+)((?:.*\\\n)*.*)$", TEXT, re.MULTILINE):
        assert all(option in help_of[command] for option in re.findall(r"--[a-z]+", options)), command
