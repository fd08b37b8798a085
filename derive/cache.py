"""Where things are kept between runs.

Nothing kept is ever needed: what is missing, broken or of another version is made again.
"""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs


def cache() -> Path:
    """The folder for what is kept between builds."""
    return Path(os.environ.get("DERIVE_CACHE") or platformdirs.user_cache_dir("derive-sheets", appauthor=False))
