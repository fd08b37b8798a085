"""Drawn specs of each kind are built, printed and shown: what is read back is true, or the spec is refused with its place."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from drawn import array_systems, index_systems
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from strategies import awkward, networks, systems

from derive import api
from derive.errors import SpecError

VIEWS = st.sampled_from(["index", "matrix", "[matrix, index]"])
LABELS = st.sampled_from(["absolute", "relative"])
BATCHES = st.tuples(st.integers(1, 4), st.sampled_from(["rows", "columns"]), st.sampled_from(["batch", "index", "matrix"]))


@st.composite
def in_views(draw: st.DrawFn) -> str:
    return f"{draw(networks())}view: {draw(VIEWS)}\nlabels: {draw(LABELS)}\n"


@st.composite
def in_batches(draw: st.DrawFn) -> str:
    count, where, view = draw(BATCHES)
    return f"{draw(networks())}view: {view}\nexamples: {count}\nexamples_in: {where}\nlabels: {draw(LABELS)}\n"


@st.composite
def in_scalars(draw: st.DrawFn) -> str:
    alone = re.sub(r"(units|x): \d", r"\1: 1", draw(networks()))
    return f"{alone}view: {draw(st.sampled_from(['scalar', '[scalar, index]']))}\n"


@st.composite
def of_equations(draw: st.DrawFn) -> str:
    drawn = draw(st.sampled_from([index_systems, array_systems]))
    examples = draw(st.sampled_from([0, 2, 3]))
    text = draw(drawn(examples)) if examples else f"{draw(drawn())}view: {draw(VIEWS)}\n"
    return text if draw(st.booleans()) or examples else f"{draw(systems())}view: {draw(VIEWS)}\n"


def is_true_or_refused(source: str) -> None:
    try:
        spec = api.loads(source)
        derivation = api.derive(spec)
        sheet = api.sheet(spec, derivation)
    except SpecError as refused:
        assert refused.place is not None, source
        return
    assert api.tex(sheet) and api.show(derivation)


@pytest.mark.parametrize(("drawn", "count"), [(in_views, 6), (in_batches, 6), (in_scalars, 5), (of_equations, 12), (awkward, 8)])
def test_whatever_is_drawn_is_read_back_as_true(drawn: Callable[[], st.SearchStrategy[str]], count: int) -> None:
    @seed(1)
    @settings(max_examples=count, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(drawn())
    def build(source: str) -> None:
        is_true_or_refused(source)

    build()
