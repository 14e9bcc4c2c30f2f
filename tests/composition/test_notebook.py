"""What a composition shows of itself: in a notebook, as text, as values."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from canzona.composition import Composition, compose
from canzona.composition.composition import joined_bytes
from canzona.composition.model import ComposerModel
from canzona.errors import UsageError
from canzona.score.format import format_named
from melodies import jig


@pytest.fixture(scope="module")
def made(composer: ComposerModel) -> Composition:
    (found,) = compose(model=composer, seed=4, bars=4, meter="3/4", key="G")
    return found


@pytest.fixture(scope="module")
def bundle(made: Composition) -> dict[str, str]:
    found: dict[str, str] = made._repr_mimebundle_()
    return found


def test_a_notebook_is_given_text_score_and_player(bundle: dict[str, str]) -> None:
    assert set(bundle) == {"text/plain", "image/svg+xml", "text/html"}
    assert "<svg" in bundle["text/html"] and "<audio" in bundle["text/html"]
    ElementTree.fromstring(bundle["image/svg+xml"])


def test_the_text_of_a_notebook_is_one_line(bundle: dict[str, str], made: Composition) -> None:
    assert "\n" not in bundle["text/plain"]
    assert made.tune.title in bundle["text/plain"]


def test_the_player_carries_its_sound(bundle: dict[str, str]) -> None:
    (kind, data) = re.findall(r"data:(audio/[\w+-]+);base64,([A-Za-z0-9+/=]+)", bundle["text/html"])[0]
    sound = base64.b64decode(data, validate=True)
    assert len(sound) > 1000
    assert sound[:4] in (b"RIFF", b"fLaC", b"OggS", b"ID3\x04", b"ID3\x03") or sound[:2] == b"\xff\xfb", kind


def test_the_view_loads_nothing(bundle: dict[str, str]) -> None:
    assert not re.findall(r"""(?:src|href)=["'](?:https?:)?//""", bundle["text/html"])


def test_two_views_on_one_page_do_not_share_names(composer: ComposerModel) -> None:
    """Ids of drawings in one document: the second tune would be drawn with symbols of the first."""
    first, second = compose(model=composer, seed=9, count=2, bars=2, meter="2/4")
    names = [
        set(re.findall(r'\bid="([^"]+)"', each._repr_mimebundle_()["text/html"])) for each in (first, second)
    ]
    assert names[0] and names[1] and not names[0] & names[1]


def test_a_notebook_may_ask_for_some_kinds(made: Composition) -> None:
    assert "text/plain" in made._repr_mimebundle_(include=["text/plain"], exclude=[])


def test_repr_says_title_seed_and_copied_run(made: Composition) -> None:
    assert repr(made).startswith("<Composition <Tune Canzona 4.1, ")
    assert "G major, 3/4" in repr(made)
    assert f"seed 4, longest copied run {made.copied.length} notes>" in repr(made)


def test_values_are_json_and_what_they_say(made: Composition) -> None:
    held = json.loads(json.dumps(made.to_dict(), allow_nan=False))
    assert (held["title"], held["key"], held["meter"], held["bars"]) == ("Canzona 4.1", "G major", "3/4", 4)
    assert held["notes"] == len(made.tune.notes)
    assert held["bits_per_note"] == made.bits_per_note > 0
    assert (held["longest_copy"], held["copied_from"]) == (made.copied.length, made.copied.name)
    assert 0 <= held["longest_copy_percentile"] <= 100
    assert (held["seed"], held["model"], held["command"]) == (4, "small", "compose")
    assert held["options"]["meter"] == "3/4"


@pytest.mark.parametrize("kind", ["krn", ".krn", "KRN", "kern", "abc", ".MID", "xml", "musicxml"])
def test_a_kind_may_be_named_in_many_ways(made: Composition, kind: str) -> None:
    known = format_named(kind.lower().lstrip("."))
    (tune,) = known.read(made.to_bytes(kind), f"a{known.suffixes[0]}", None)
    assert tune.duration == made.tune.duration


@pytest.mark.parametrize("kind", ["", "gif", "mxl", "krn,abc", "../krn"])
def test_what_is_no_kind_is_refused(made: Composition, kind: str) -> None:
    with pytest.raises(UsageError, match="no kind of file to write"):
        made.to_bytes(kind)


def test_nothing_given_is_nothing_to_write(made: Composition) -> None:
    assert made.given is None and not made.goes_on
    with pytest.raises(UsageError, match="written from nothing given"):
        made.given_bytes("krn")


def test_a_given_tune_is_kept_as_it_was(composer: ComposerModel) -> None:
    (like,) = compose(model=composer, seed=1, like=jig(), bars=4)
    (on,) = compose(model=composer, seed=1, continue_=jig(), bars=4)
    assert (like.given, on.given) == (jig(), jig())
    assert (like.goes_on, on.goes_on) == (False, True)
    (back,) = format_named("kern").read(on.given_bytes("krn"), "a.krn", None)
    assert back.notes == jig().notes


def test_many_in_one_file_are_told_apart(composer: ComposerModel) -> None:
    found = compose(model=composer, seed=2, count=3, bars=2, meter="2/4")
    tunes = list(format_named("abc").read(joined_bytes(found, "abc", tempo=90), "a.abc", None))
    assert [tune.title for tune in tunes] == ["Canzona 2.1", "Canzona 2.2", "Canzona 2.3"]
    assert [json.loads(tune.provenance)["options"]["number"] for tune in tunes] == [1, 2, 3]
    assert {tune.tempo for tune in tunes} == {90}
    with pytest.raises(UsageError, match=r"one krn holds one tune and there are 3; write a file for each"):
        joined_bytes(found, "krn")
    assert joined_bytes(found[:1], "krn") == found[0].to_bytes("krn")


@pytest.mark.parametrize(
    ("look", "holds"),
    [({"tempo": 90}, {"tempo": 90}), ({"instrument": "flute"}, {"instrument": "flute"}), ({}, None)],
    ids=str,
)
def test_a_look_stands_in_the_file_and_changes_no_note(
    made: Composition, look: dict[str, object], holds: object
) -> None:
    (tune,) = format_named("kern").read(made.to_bytes("krn", **look), "a.krn", None)  # type: ignore[arg-type]
    assert tune.notes == made.tune.notes
    assert json.loads(tune.provenance)["options"].get("file") == holds


def test_saving_gives_the_bytes_that_are_promised(made: Composition, tmp_path: Path) -> None:
    path = made.save(tmp_path / "tune.abc", tempo=100)
    assert path.read_bytes() == made.to_bytes("abc", tempo=100)
