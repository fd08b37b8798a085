"""What reading a page back costs, beside all else that makes the page."""

import pytest
from effort import calls

from derive import api
from derive.checks.readback import reading
from derive.writers.latex import writer

MOST = 0.2
"""Of all calls. A quarter of the time is what reading may take; its calls are longer than others, for they work with arrays."""


@pytest.mark.parametrize("name", sorted(api.examples()))
def test_reading_a_page_is_a_small_part_of_making_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = api.load(api.examples()[name])

    def build() -> object:
        reading._readings.clear()  # nothing has been read before
        return api.tex(api.sheet(spec, api.derive(spec)))

    build()
    whole = calls(build)
    monkeypatch.setattr(writer, "read_back", lambda text, sheet: text)
    rest = calls(build)
    assert 0 < whole - rest < MOST * whole, f"{(whole - rest) / whole:.2f}"
