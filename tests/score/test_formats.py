"""Contract of every score format: what is added to `canzona.score` is checked here by itself.

A format reads back what it wrote wherever it says that nothing was lost, answers any bytes
with tunes or with a CanzonaError that names the file, and does so within a second for a
megabyte.
"""

import importlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canzona.errors import CanzonaError, FormatError, UsageError
from canzona.score import Tune, find_scores, format_named, format_of, formats, read, read_tunes
from canzona.score.format import Format
from pace import within
from strategies import plain_tunes, tunes

every_format = pytest.mark.parametrize("form", formats(), ids=lambda form: form.name)

MEGABYTE = 1 << 20
EDITS = st.tuples(st.integers(0, 10**6), st.binary(max_size=4), st.integers(0, 9))
"""Damage: where, what is put there, how much of the old is cut."""

FOREIGN = [b"\0" * 64, b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"\xff\xfe\0\0", b"%PDF-1.7\n%\xe2\xe3"]

SECONDS = 1.5
"""CPU time that a megabyte may take: the promised second, and half for a busy machine."""


def read_all(form: Format, data: bytes) -> list[Tune]:
    return list(form.read(data, f"some/file{form.suffixes[0]}", None))


def test_the_four_formats_are_there() -> None:
    assert {"abc", "kern", "midi", "musicxml"} <= {form.name for form in formats()}
    assert [form.name for form in formats()] == sorted(form.name for form in formats())


@every_format
def test_a_format_is_found_by_name_and_ending(form: Format) -> None:
    module = importlib.import_module(f"canzona.score.{form.name}")
    assert form is module.FORMAT
    assert format_named(form.name.upper()) is form
    for suffix in form.suffixes:
        assert suffix == suffix.lower()
        assert suffix.startswith(".")
        assert format_of(Path(f"some.tune{suffix.upper()}")) is form
        assert format_named(suffix) is form


def test_no_ending_belongs_to_two_formats() -> None:
    endings = [suffix for form in formats() for suffix in form.suffixes]
    assert len(endings) == len(set(endings))


def test_an_unknown_format_or_ending_is_refused() -> None:
    with pytest.raises(UsageError, match="choose one of"):
        format_named("nutation")
    with pytest.raises(FormatError, match=r"\.krn"):
        format_of(Path("tune.doc"))


@every_format
@given(tune=tunes())
@settings(max_examples=60)
def test_what_is_not_named_as_lost_survives(form: Format, tune: Tune) -> None:
    written = form.write([tune])
    (back,) = read_all(form, written.data)
    if not written.losses:
        assert back == tune
    else:
        assert back != tune or back.provenance != tune.provenance
        assert all(loss and "\n" not in loss for loss in written.losses)


@every_format
@given(tune=tunes())
@settings(max_examples=30)
def test_what_survived_once_survives_again(form: Format, tune: Tune) -> None:
    (back,) = read_all(form, form.write([tune]).data)
    again = form.write([back])
    (twice,) = read_all(form, again.data)
    if not again.losses:
        assert twice == back


@every_format
@given(tune=plain_tunes())
@settings(max_examples=30)
def test_pitches_and_times_of_a_plain_tune_survive_everywhere(form: Format, tune: Tune) -> None:
    (back,) = read_all(form, form.write([tune]).data)
    sounding = [(note.onset, note.duration, note.pitch.midi) for note in tune.notes if note.pitch]
    assert [(note.onset, note.duration, note.pitch.midi) for note in back.notes if note.pitch] == sounding
    assert back.title == tune.title
    if sounding:
        assert back.meter is not None
        assert tune.meter is not None
        assert back.meter.length == tune.meter.length


@every_format
@given(tune=plain_tunes())
@settings(max_examples=10)
def test_the_same_tune_gives_the_same_bytes(form: Format, tune: Tune) -> None:
    assert form.write([tune]).data == form.write([tune]).data


@every_format
def test_how_a_file_was_made_is_kept(form: Format) -> None:
    tune = example()
    made = (
        '{"command": "compose", "options": {"style": "Żywiec: \\"10 %\\" <&>"}, "seed": 7, "version": "1.0"}'
    )
    (back,) = read_all(form, form.write([tune.replace(provenance=made)]).data)
    assert back.provenance == made
    (bare,) = read_all(form, form.write([tune]).data)
    assert bare.provenance == ""


@every_format
def test_an_empty_tune_stays_empty(form: Format) -> None:
    tune = Tune(records=(("OTL", "Nothing"),))
    back = read_all(form, form.write([tune]).data)
    assert all(found.is_empty for found in back)
    assert len(back) == 1


@every_format
def test_as_many_tunes_as_the_format_says(form: Format) -> None:
    pair = [example(), example().replace(records=(("OTL", "Another"),))]
    if form.many:
        assert [tune.title for tune in read_all(form, form.write(pair).data)] == [tune.title for tune in pair]
    else:
        with pytest.raises(CanzonaError):
            form.write(pair)


@every_format
@given(data=st.binary(max_size=300))
@settings(max_examples=150)
def test_any_bytes_give_tunes_or_an_error(form: Format, data: bytes) -> None:
    _judge(form, data)


@every_format
@given(tune=tunes(), edits=st.lists(EDITS))
@settings(max_examples=100)
def test_a_damaged_file_gives_tunes_or_an_error(
    form: Format, tune: Tune, edits: list[tuple[int, bytes, int]]
) -> None:
    data = bytearray(form.write([tune]).data)
    for place, put, cut in edits:
        at = place % (len(data) + 1)
        data[at : at + cut] = put
    _judge(form, bytes(data))


@every_format
def test_an_empty_file_is_refused(form: Format) -> None:
    with pytest.raises(FormatError) as caught:
        read_all(form, b"")
    assert caught.value.source == f"some/file{form.suffixes[0]}"
    assert caught.value.hint


@every_format
@pytest.mark.parametrize("data", FOREIGN)
def test_a_foreign_file_is_refused(form: Format, data: bytes) -> None:
    with pytest.raises(FormatError):
        read_all(form, data)


def _repeated(form: Format) -> bytes:
    """A file many times over; a collection is read lazily, so a hundred tunes say enough there."""
    data = form.write([example()]).data
    return data * (100 if form.many else MEGABYTE // len(data))


def _long(form: Format) -> bytes:
    """A file of one long tune cut to a megabyte."""
    data = form.write([example()]).data
    middle = len(data) // 2
    return (data[:middle] + data[middle - 40 : middle] * (MEGABYTE // 40) + data[middle:])[:MEGABYTE]


LARGE: dict[str, Callable[[Format], bytes]] = {
    "noughts": lambda form: b"\0" * MEGABYTE,
    "letters": lambda form: b"a" * MEGABYTE,
    "brackets": lambda form: b"([{<" * (MEGABYTE // 4),
    "tags": lambda form: b"<a>" * (MEGABYTE // 3),
    "lines": lambda form: b"\n" * (MEGABYTE - 1) + b"x",
    "noise": lambda form: bytes((n * n * 31 + n // 7) % 256 for n in range(MEGABYTE)),
    "repeated": _repeated,
    "one piece over and over": _long,
    "a head and noughts": lambda form: form.write([example()]).data[:60] + b"\0" * MEGABYTE,
    "a head and digits": lambda form: form.write([example()]).data[:60] + b"9" * MEGABYTE,
}


@every_format
@pytest.mark.parametrize("shape", LARGE)
def test_a_megabyte_is_answered_within_a_second(form: Format, shape: str) -> None:
    data = LARGE[shape](form)
    with within(SECONDS):
        _judge(form, data)


def test_files_are_read_by_their_ending(tmp_path: Path) -> None:
    for form in formats():
        path = tmp_path / f"tune{form.suffixes[0]}"
        path.write_bytes(form.write([example()]).data)
        assert read(path).title == "Auld Lang Syne"
        assert [tune.title for tune in read_tunes(str(path))] == ["Auld Lang Syne"]
    assert len(find_scores(tmp_path)) == len(formats())


def test_a_number_beyond_the_last_tune_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tune.krn"
    path.write_bytes(format_named("kern").write([example()]).data)
    with pytest.raises(UsageError, match="holds 1 tunes and number 2"):
        read(path, number=2)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"missing\.krn"):
        read(tmp_path / "missing.krn")
    with pytest.raises(CanzonaError, match="neither a file nor a folder"):
        find_scores(tmp_path / "missing")


def example() -> Tune:
    """The opening of 'Auld Lang Syne', marked in phrases."""
    kern = (
        "!!!OTL: Auld Lang Syne\n**kern\n*M4/4\n*k[b-]\n*F:\n{4c\n=1\n4.f\n8f\n4f\n4a\n=2\n4.g\n8f\n4g\n4a}\n"
        "=3\n{4.f\n8f\n4a\n4cc\n=4\n2.dd}\n==\n*-\n"
    )
    return next(format_named("kern").read(kern.encode(), "", None)).replace(source="")


def _judge(form: Format, data: bytes) -> None:
    """Tunes, or an error of ours that names the file and says what to do."""
    try:
        found = read_all(form, data)
    except FormatError as error:
        assert error.source == f"some/file{form.suffixes[0]}"
        assert error.message.startswith(error.source)
        assert "\n" not in error.message
        assert len(error.message) < 700
    except CanzonaError as error:
        assert "\n" not in str(error)
    else:
        for tune in found:
            ends = [note.end for note in tune.notes]
            assert [note.onset for note in tune.notes[1:]] == ends[:-1]
            assert tune.notes[:1] == () or tune.notes[0].onset == 0
            assert all(note.duration > 0 for note in tune.notes)
