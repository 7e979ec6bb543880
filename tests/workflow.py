"""The job that judges the speed of a pull request, as the workflow has it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

WORKFLOW = Path(__file__).resolve().parent.parent / ".github" / "workflows" / "ci.yml"
SPEED: Any = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))["jobs"]["speed"]
STEP: str = next(step["run"] for step in SPEED["steps"] if step.get("name") == "Gate")
(COMMAND,) = (line.strip() for line in STEP.splitlines() if "python -m bench gate " in line)
