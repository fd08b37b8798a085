"""A class set on a Dask cluster: real workers in processes of their own, one of which is killed on the way."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from importlib import util
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from dask import config
from dask.utils import parse_timedelta
from distributed import Client, LocalCluster

from derive import cli
from derive.errors import DeriveError
from derive.homework.classroom import dask as cluster
from derive.numbers import random_stream
from derive.typeset import Job, batch

# Distributed's own: ports that are taken by another run of the tests, a worker that does not end in time, and the like.
pytestmark = pytest.mark.filterwarnings("ignore")

SPEC = 'title: A neuron\nequations: ["z = w*a + b", "C = 1/2*(z - y)**2"]\n'
TEXT = r"""\documentclass{article}
\usepackage[T1]{fontenc}
\usepackage{lmodern,hyperref}
\begin{document}
"""


@pytest.fixture(scope="module")
def dask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(tmp_path_factory.mktemp("workers")))  # where one that is killed leaves its build folder
        with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50) as made:
            yield made


def jobs(folder: Path, count: int) -> list[Job]:
    return [Job(f"{TEXT}\\section{{Sheet {n}}} \\newpage {n * n}\\end{{document}}", folder / f"{n}.pdf") for n in range(count)]


def test_a_worker_that_is_killed_costs_nothing(dask: Any, tmp_path: Path) -> None:
    count = 60
    alone = list(batch(jobs(tmp_path / "alone", count)))
    with Client(dask.scheduler_address, set_as_default=False, timeout=10) as watcher:
        workers = watcher.run(os.getpid)
        assert len(workers) == 2 and os.getpid() not in workers.values()
        with cluster.connected(dask.scheduler_address) as found:
            assert found.slots == 2
            killed: list[str] = []
            killer = threading.Thread(target=_kill_one_at_work, args=(watcher, workers, killed), daemon=True)
            killer.start()
            results = list(batch(jobs(tmp_path / "cluster", count), executor=found.executor, processes=6))
            killer.join(15)
        assert len(killed) == 1
        until = time.monotonic() + 60
        while killed[0] in watcher.scheduler_info()["workers"] and time.monotonic() < until:
            time.sleep(0.05)
        assert killed[0] not in watcher.scheduler_info()["workers"]
    assert [r.error for r in results] == [r.error for r in alone] == [None] * count
    assert [r.pages for r in results] == [2] * count
    for one, other in zip(alone, results, strict=True):
        assert one.pdf.read_bytes() == other.pdf.read_bytes(), other.pdf.name


def _kill_one_at_work(watcher: Any, workers: dict[str, int], killed: list[str]) -> None:
    """Kill the first worker that is seen with something to set."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        for address, tasks in watcher.processing().items():
            if any("set_documents" in task for task in tasks):
                os.kill(workers[address], signal.SIGKILL)
                killed.append(address)
                return
        time.sleep(0.01)


def test_a_class_has_the_same_bytes_with_a_cluster_as_without(dask: Any, tmp_path: Path) -> None:
    spec = tmp_path / "neuron.yaml"
    spec.write_text(SPEC)
    for folder, options in (("here", []), ("there", ["--scheduler", dask.scheduler_address])):
        given = ["homework", str(spec), "--variants", "4", "--output", str(tmp_path / folder), *options]
        result = CliRunner().invoke(cli.command, given, prog_name="derive")
        assert (result.exit_code, result.stderr) == (0, ""), result.output
    here, there = (
        {path.relative_to(tmp_path / name): path.read_bytes() for path in (tmp_path / name).rglob("*.*")}
        for name in ("here", "there")
    )
    assert here == there
    assert len([path for path in here if path.suffix == ".pdf"]) == 10


def test_workers_are_asked_whether_they_can(dask: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(random_stream, "version", lambda: "0.0.7")
    with pytest.raises(DeriveError, match=r"have derive .*, here it is 0\.0\.7"), cluster.connected(dask.scheduler_address):
        pass
    with Client(dask.scheduler_address, set_as_default=False, timeout=10) as client:
        client.run(lambda: os.environ.update(PATH="/nowhere"))
        try:
            with pytest.raises(DeriveError, match="cannot set sheets: pdflatex is not installed"):
                cluster._require_able(client.get_executor(pure=False), dask.scheduler_address, 10)
        finally:
            path = os.environ["PATH"]
            client.run(lambda: os.environ.update(PATH=path))
        dask.scale(0)
        for _ in range(600):  # a worker that is still going might answer
            if not client.scheduler_info()["workers"]:
                break
            time.sleep(0.05)
        with pytest.raises(DeriveError, match=r"no worker .* took up work within 0\.5 s"):
            cluster._require_able(client.get_executor(pure=False), dask.scheduler_address, 0.5)


@pytest.mark.parametrize("address", ["nonsense", "foo://x:1", "tcp://127.0.0.1:port", ""])
def test_what_is_no_address_is_said(address: str) -> None:
    with (
        pytest.raises(DeriveError, match=f"scheduler at `{address}` cannot be reached: .+"),
        cluster.connected(address, seconds=1),
    ):
        pass


def patience() -> float:
    """For how many seconds Dask itself would wait: half a minute."""
    return float(parse_timedelta(config.get("distributed.comm.timeouts.connect")))


def test_a_scheduler_that_is_not_there_is_not_waited_for(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    begun = time.monotonic()
    with pytest.raises(DeriveError, match="cannot be reached"), cluster.connected(f"tcp://127.0.0.1:{port}", seconds=0.5):
        pass
    assert time.monotonic() - begun < patience()


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n"])
def test_somebody_else_at_the_address_is_not_taken_for_a_scheduler(answer: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        held = []

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                held.append(connection)
                connection.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        begun = time.monotonic()
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(DeriveError, match="cannot be reached"), cluster.connected(address, seconds=0.5):
            pass
        assert time.monotonic() - begun < patience()
    for connection in held:
        connection.close()


def test_without_the_extra_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(util, "find_spec", lambda name: None)
    result = CliRunner().invoke(cli.command, ["homework", "mlp", "--variants", "2", "--scheduler", "tcp://127.0.0.1:1"])
    assert result.exit_code == 2 and "pip install" in result.stderr and "cluster" in result.stderr
