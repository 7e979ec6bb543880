"""Time `import fastmlp` in a new interpreter; NumPy's own import, which it needs, is timed beside it."""

from __future__ import annotations


class Import:
    """What a user waits for before the first line runs."""

    params = (["numpy", "fastmlp"],)
    param_names = ("module",)
    number = 1

    def timeraw_import(self, module: str) -> str:
        return f"import {module}"
