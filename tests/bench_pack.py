"""A book of all examples: seconds and pages, and the same again after one spec has changed."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

from bench_tables import ratio, seconds, table

from derive import api, pack
from derive.pack import building


def book() -> None:
    """Build it with nothing kept, with everything kept, and after one spec has changed."""
    rows = []
    with tempfile.TemporaryDirectory(prefix="bench-") as name, patch.dict(os.environ, {"DERIVE_CACHE": f"{name}/cache"}):
        folder = Path(name)
        for example, path in api.examples().items():
            (folder / f"{example}.yaml").write_text(path.read_text("utf-8"), encoding="utf-8")
        sheets = ", ".join(f"{example}.yaml" for example in api.examples())
        (folder / "all.yaml").write_text(f"title: All examples\nchapters: [{{title: All, sheets: [{sheets}]}}]\n", "utf-8")
        first = 0.0
        for what in ("nothing kept", "nothing changed", "one spec changed"):
            if what == "one spec changed":
                spec = folder / "mlp.yaml"
                spec.write_text(spec.read_text("utf-8").replace("title: ", "title: Again, ", 1), encoding="utf-8")
            begun = time.perf_counter()
            spent: list[float] = []
            with patch.object(building, "_set", _timed(spent)):
                built = pack.build(pack.load(folder / "all.yaml"), folder / "out" / "all.pdf")
            took = time.perf_counter() - begun
            first = first or took
            counts = [str(len(built.derived)), str(sum(built.pages.values()))]
            rows.append([what, *counts, seconds(took), seconds(sum(spent)), seconds(took - sum(spent)), ratio(took, first)])
    head = ["", "sheets derived", "pages", "seconds", "typesetting", "all ours", "/ first"]
    table("A pack of all examples, and the same again", head, rows)


def _timed(spent: list[float]) -> Callable[..., tuple[bytes, int]]:
    """Sets a volume, and notes the seconds that this takes."""
    real = building._set

    def timed(*given: Any) -> tuple[bytes, int]:
        begun = time.perf_counter()
        try:
            return real(*given)
        finally:
            spent.append(time.perf_counter() - begun)

    return timed


if __name__ == "__main__":
    book()
