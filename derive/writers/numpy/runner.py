"""Run by `check` in a process of its own: module.py of this folder, at every point of points.npz, to results.npz.

It imports nothing of this package. Its argument is the folder in which NumPy lies.
"""

from __future__ import annotations

import runpy
import sys
from typing import Any


def main() -> None:
    sys.path.append(sys.argv[1])
    import numpy as np

    points: dict[str, dict[str, Any]] = {}
    with np.load("points.npz", allow_pickle=False) as given:
        for name in given.files:
            point, _, key = name.partition("/")
            points.setdefault(point, {})[key] = given[name]
    module = runpy.run_path("module.py")
    results = {}
    for point, values in points.items():
        for function in ("forward", "gradients"):
            for key, array in module[function](values).items():
                results[f"{point}/{function}/{key}"] = np.asarray(array)
    save: Any = np.savez
    save("results.npz", **results)


if __name__ == "__main__":
    main()
