"""What all tests share: how hypothesis draws its examples, and the option that writes golden files anew."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings

# A failing example is made small in the profile "thorough" (HYPOTHESIS_PROFILE=thorough): that takes its time.
settings.register_profile(
    "tests",
    max_examples=40,
    derandomize=True,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.register_profile(
    "thorough", parent=settings.get_profile("tests"), max_examples=1000, derandomize=False, phases=tuple(Phase)
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "tests"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--golden", action="store_true", help="write the golden files anew; read the difference before keeping it")


@pytest.fixture
def rewrite_golden(request: pytest.FixtureRequest) -> bool:
    """Whether the golden files are to be written instead of compared with."""
    return bool(request.config.getoption("--golden"))


@pytest.fixture(autouse=True, scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """What is kept between builds is kept apart from the user's own, for all workers of one run of the tests."""
    base = tmp_path_factory.getbasetemp()  # of a worker: inside that of the run
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "derive-cache"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DERIVE_CACHE", str(folder))
        patch.setattr("derive.typeset.formats.KEPT", 60)  # the tests have more preambles than a user
        yield folder
    shutil.rmtree(folder, ignore_errors=True)  # some 20 MB for each preamble; a worker that is still busy makes its own anew
