"""A written module is run in a process of its own before it is handed out, and what is wrong is not written."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from specs import BATCH_NORM, CHAIN, CLASSIFIER, HEADS, derived

from derive import api
from derive.cli import command
from derive.errors import CheckFailed
from derive.network.batching import with_examples
from derive.writers import numpy as numpy_writer
from derive.writers.numpy import check, module

GOOD = """
import os, sys
import numpy as np
def forward(values): return {"C": np.sum(values["x"] ** 2)}
def gradients(values): return {"x": 2 * values["x"]}
"""
SPEC = "title: t\ninputs: {x: 3}\nequations: ['C = sum(x[i]**2, i)']\n"


def wrong(text: str) -> str:
    """What is said of a module for the sum of squares."""
    with pytest.raises(CheckFailed) as caught:
        check.require(text, api.derive(api.loads(SPEC)))
    assert "nothing was written" in caught.value.message
    return caught.value.message


def test_a_right_module_passes() -> None:
    check.require(GOOD, api.derive(api.loads(SPEC)))


@pytest.mark.parametrize("name", ["classifier", "chain", "batch-norm", "heads", "mini-batch"])
def test_a_module_is_run_and_handed_out(name: str) -> None:
    text = {"classifier": CLASSIFIER, "chain": CHAIN, "batch-norm": BATCH_NORM, "heads": HEADS, "mini-batch": CLASSIFIER}[name]
    found = derived(text, examples=4 if name == "mini-batch" else None)
    assert api.code(found, "title") == api.code(found, "title", run=False) == module.code(found, "title")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("2 * values", "2.0001 * values", "gradients(values) gives a wrong `x`"),
        ("2 * values", "np.nan * values", "gradients(values) gives a wrong `x`"),
        ("np.sum(", "-np.sum(", "forward(values) gives a wrong `C`"),
        ('"x": 2 * values["x"]', '"x": np.sum(2 * values["x"])', "the shape (), and not (3,)"),
        ('"x": 2', '"y": 2', "gradients(values) gives y, and not x"),
        ("import os, sys", "import nowhere", "does not run: ModuleNotFoundError: No module named 'nowhere'"),
        ("import os, sys", "1/0", "does not run: ZeroDivisionError"),
        ("import os, sys", "os = sys = 1; raise SystemExit(0)", "gives no arrays"),
        ('np.sum(values["x"] ** 2)', '"words"', "forward(values) gives a `C` that is no real number"),
        ('np.sum(values["x"] ** 2)', 'np.sum(values["x"] ** 2) + 0j', "forward(values) gives a `C` that is no real number"),
        ('np.sum(values["x"] ** 2)', "object()", "gives no arrays"),
        ('np.sum(values["x"] ** 2)', "np.zeros(10**10)", "does not run: "),
        ("import os, sys", "open('large', 'wb').write(bytes(2**21))", "does not run: "),
    ],
)
def test_a_wrong_module_is_not_handed_out(old: str, new: str, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "FILE", 2**20)
    assert old in GOOD
    assert message in wrong(GOOD.replace(old, new))


def test_a_module_that_does_not_end_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "SECONDS", 2.0)
    assert "did not finish within 2 s" in wrong(GOOD.replace("import os, sys", "import time; time.sleep(60)"))


def test_the_process_sees_nothing_of_the_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither the environment, nor the folder that one works in, nor modules that lie there."""
    (tmp_path / "numpy.py").write_text("raise SystemExit('not this one')", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("SECRET", "told")
    looking = "import os, sys\nassert 'SECRET' not in os.environ and 'PYTHONPATH' not in os.environ, 'environment'\n"
    looking += f"assert os.getcwd() != {str(tmp_path)!r} and {str(tmp_path)!r} not in sys.path and '' not in sys.path, 'folder'\n"
    looking += f"assert not os.path.realpath(os.environ['HOME']).startswith({os.path.expanduser('~')!r} + '/'), 'home'"
    check.require(GOOD.replace("import os, sys", looking), api.derive(api.loads(SPEC)))


def test_the_command_writes_only_what_was_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    target = tmp_path / "mlp.py"
    done = CliRunner().invoke(command, ["code", "mlp", "--output", str(target)])
    assert done.exit_code == 0 and target.is_file()
    target.unlink()
    monkeypatch.setattr(numpy_writer, "code", lambda *_: GOOD)
    done = CliRunner().invoke(command, ["code", "mlp", "--output", str(target)])
    assert done.exit_code == CheckFailed.exit_code
    assert not target.exists()
    assert "nothing was written" in done.output


def test_a_point_for_more_examples_has_values_of_its_own_for_each() -> None:
    found = derived(CLASSIFIER, examples=4)
    larger = check.point(found, with_examples(found.system, 7), np.random.default_rng(0))
    assert larger.given["x"].shape == (7, 3) and larger.gradients["x"].shape == (7, 3)
    assert larger.where == " with 7 training examples"
    total = sum(float(np.sum(larger.gradients[k] * d)) for k, d in larger.directions.items())
    assert total == pytest.approx(larger.slope, rel=1e-9)
