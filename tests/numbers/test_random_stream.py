"""Seeds: the same numbers for the same words, everywhere and for ever."""

from __future__ import annotations

import itertools
import tomllib
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from derive.errors import SpecError
from derive.numbers import random_stream


def test_a_seed_is_what_it_always_was() -> None:
    """Handed-out homework must be had again after years: these numbers must never change."""
    assert random_stream.seed("salt", "sheet", "1", "4711") == 260200681373301
    assert next(random_stream.words(1, 2, 3)) == 16353580863262232129
    assert random_stream.spec_hash("title: t\n") == "f81b9dc885f4"


@given(st.lists(st.text(max_size=5), min_size=4, max_size=4), st.lists(st.text(max_size=5), min_size=4, max_size=4))
def test_different_words_have_different_seeds(one: list[str], other: list[str]) -> None:
    def composed(words: list[str]) -> list[str]:
        return [unicodedata.normalize("NFC", w) for w in words]

    assert (random_stream.seed(*one) == random_stream.seed(*other)) == (composed(one) == composed(other))
    assert 0 <= random_stream.seed(*one) < 2**48


def test_words_do_not_run_into_each_other_and_accents_may_be_composed() -> None:
    assert random_stream.seed("ab", "c", "", "") != random_stream.seed("a", "bc", "", "")
    assert random_stream.seed("s", "", "", "M\u00fcller") == random_stream.seed("s", "", "", "Mu\u0308ller")


def test_a_hash_minds_every_character_but_not_how_lines_end() -> None:
    text = "title: t\n# a comment\nseed: 1\n"
    assert (
        random_stream.spec_hash(text)
        == random_stream.spec_hash(text.replace("\n", "\r\n"))
        == random_stream.spec_hash("\ufeff" + text)
    )
    assert random_stream.spec_hash(text) == random_stream.spec_hash(text.encode())
    for changed in (text + "\n", text.replace("comment", "Comment"), text.replace("1", "1 ")):
        assert random_stream.spec_hash(changed) != random_stream.spec_hash(text)


def test_the_code_of_a_variant_is_read_back() -> None:
    found = random_stream.stamp(0x3F9A07C211DE, 3, "title: t\n")
    assert found.code == "3f9a07c211de-3"
    assert random_stream.parse(" 3F9A07C211DE-3\n") == (found.seed, found.attempt)
    project = tomllib.loads((Path(__file__).parent.parent.parent / "pyproject.toml").read_text("utf-8"))
    assert (found.spec, found.version) == ("f81b9dc885f4", project["project"]["version"])
    for wrong in ("", "3f9a07c211de", "3f9a07c211dg-3", "3f9a07c211de-3-4", "٣f9a07c211de-3"):
        with pytest.raises(SpecError, match="not the code of a variant"):
            random_stream.parse(wrong)


def test_the_stream_is_even_and_never_ends() -> None:
    found = list(itertools.islice(random_stream.words("even"), 6000))
    assert len(set(found)) == 6000
    for sides in (2, 3, 10):
        counts = [sum(w % sides == k for w in found) for k in range(sides)]
        assert max(abs(c - 6000 / sides) for c in counts) < 5 * (6000 / sides) ** 0.5
