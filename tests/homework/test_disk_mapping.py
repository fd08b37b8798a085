"""What is put on a shelf is found there, whatever was read before."""

from __future__ import annotations

import gc
import random
from fractions import Fraction

import numpy as np
import pytest

from derive.homework.classroom.disk_mapping import Shelf


def test_everything_is_found_again_in_any_order() -> None:
    shelf: Shelf[tuple[Fraction, str]] = Shelf()
    values = {f"ü{n}": (Fraction(n, 7), "x" * n) for n in range(50)}
    for name, value in values.items():
        shelf.put(name, value)
        assert shelf[name] == value and shelf["ü0"] == values["ü0"]  # reading does not disturb writing
    assert dict(shelf) == values and len(shelf) == 50 and "x" not in shelf
    names = random.Random(1).sample(list(values), 50)
    shelf.arrange(names)
    assert list(shelf) == names and dict(shelf) == values
    shelf.put("ü3", (Fraction(1), "again"))
    assert shelf["ü3"][1] == "again" and len(shelf) == 50


def test_what_is_read_is_a_copy() -> None:
    shelf: Shelf[np.ndarray[tuple[int, ...], np.dtype[np.float64]]] = Shelf()
    shelf.put("a", np.zeros(3))
    shelf["a"][0] = 1.0
    assert not shelf["a"].any()


def test_what_is_not_there_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        Shelf[int]()["nobody"]


def test_the_file_goes_with_the_shelf() -> None:
    shelf: Shelf[int] = Shelf()
    file = shelf._file
    del shelf
    gc.collect()
    assert file.closed
