"""One tune into every kind: options that reach it, what it keeps, what it says that it loses."""

from __future__ import annotations

import io
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import mido
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

import canzona
from canzona.conversion import Conversion, Output, convert_bytes, target_named, target_names
from canzona.conversion.targets import PAGES, SOUNDS, encode
from canzona.errors import EmptyTuneError, FormatError, UsageError, WriteError
from canzona.render import render_sound
from canzona.score import Attachment, Barline, Grace, Meter, Note, Pitch, Tune, format_named, formats
from melodies import jig, melody, star
from strategies import plain_tunes

F = Fraction
SCORES = [known.suffixes[0].removeprefix(".") for known in formats()]
ABC = "X:1\nT:Round\nM:2/4\nL:1/4\nQ:1/4=90\nK:G\n|: G A | B G :| d2 |]\n"


def made(text: str, to: str, name: str = "abc", **options: object) -> Output:
    """The one output of a text."""
    conversion = Conversion(to, **options)  # type: ignore[arg-type]
    [output] = list(convert_bytes(text.encode(), f"tune.{name}", format_named(name), conversion))
    assert isinstance(output, Output), output
    return output


def again(output: Output, to: str) -> Tune:
    [tune] = list(format_named(to).read(output.data, f"tune.{to}", None))
    return tune


def heights(tune: Tune) -> list[Fraction]:
    return [note.pitch.midi for note in tune.notes if note.pitch]


@pytest.mark.parametrize("name", target_names())
def test_every_target_is_found_by_its_name_and_its_ending(name: str) -> None:
    target = target_named(name)
    assert target.name == name
    assert target.suffix == f".{name}"
    assert target_named(name.upper()) == target_named(f".{name}") == target
    assert target.family == ("page" if name in PAGES else "sound" if name in SOUNDS else "score")


@pytest.mark.parametrize(
    ("name", "to"),
    [("kern", "krn"), ("midi", "mid"), ("xml", "musicxml"), ("MusicXML", "musicxml"), ("ABC", "abc")]
)  # fmt: skip
def test_other_names_of_targets(name: str, to: str) -> None:
    assert target_named(name).name == to


@pytest.mark.parametrize(
    ("name", "nearest"),
    [("mdi", "mid"), ("wave", "wav"), ("pgn", "png"), ("musicxlm", "musicxml"), ("fla", "flac")]
)  # fmt: skip
def test_a_slip_of_the_finger_is_answered_with_the_nearest(name: str, nearest: str) -> None:
    with pytest.raises(UsageError, match=f"did you mean '{nearest}'"):
        target_named(name)


@pytest.mark.parametrize("name", ["", ".", "mxl", "jpeg2000", "a.krn", "krn ", "*"])
def test_what_is_no_target_is_refused(name: str) -> None:
    with pytest.raises(UsageError) as error:
        target_named(name)
    assert error.value.exit_code == 2
    assert error.value.hint


def test_the_file_is_named_where_its_ending_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"tune\.gif: no kind of file that Canzona writes"):
        canzona.write(star(), tmp_path / "tune.gif")
    with pytest.raises(UsageError, match="no kind of file"):
        canzona.write(star(), tmp_path / "tune")


@pytest.mark.parametrize("to", SCORES)
def test_transposing_happens_on_the_way(to: str) -> None:
    plain, moved = (again(made(ABC, to, **each), to) for each in ({}, {"transpose": "M2"}))
    assert heights(moved) == [height + 2 for height in heights(plain)]
    assert [note.onset for note in moved.notes] == [note.onset for note in plain.notes]


@pytest.mark.parametrize("to", SCORES)
def test_repeats_are_written_out_on_the_way(to: str) -> None:
    folded, unfolded = (again(made(ABC, to, unfold=each), to) for each in (False, True))
    assert folded.duration == 6
    assert unfolded.duration == 10
    assert heights(unfolded) == heights(folded)[:4] * 2 + heights(folded)[4:]
    assert [bar.duration for bar in unfolded.bars] == [2, 2, 2, 2, 2]


@pytest.mark.parametrize("to", SCORES)
@pytest.mark.parametrize("tempo", [60, 97.5, 240])
def test_the_tempo_asked_for_stands_in_the_score(to: str, tempo: float) -> None:
    found = again(made(ABC, to, tempo=tempo), to).tempo
    assert found is not None
    assert float(found) == pytest.approx(tempo, abs=0.01)


@pytest.mark.parametrize("to", SOUNDS)
def test_the_tempo_asked_for_is_heard(to: str) -> None:
    slow, fast = (
        soundfile.info(io.BytesIO(made(ABC, to, tempo=tempo).data)).duration for tempo in (120, 480)
    )
    assert slow - fast == pytest.approx(6 * (0.5 - 0.125), abs=0.15)


def test_the_tempo_of_the_source_is_heard() -> None:
    own = soundfile.info(io.BytesIO(made(ABC, "wav").data)).duration
    asked = soundfile.info(io.BytesIO(made(ABC, "wav", tempo=90).data)).duration
    assert own == pytest.approx(asked, abs=1e-3)


def test_an_instrument_reaches_the_midi_file() -> None:
    file = mido.MidiFile(file=io.BytesIO(made(ABC, "mid", instrument="violin").data))
    programs = [
        message.program for track in file.tracks for message in track if message.type == "program_change"
    ]
    assert programs == [40]


def test_an_instrument_is_heard() -> None:
    flute, harp = (made(ABC, "wav", instrument=name, tempo=600).data for name in ("flute", "harp"))
    assert flute != harp


@pytest.mark.parametrize("to", [*SCORES, *PAGES, *SOUNDS])
def test_the_bytes_depend_on_the_input_its_name_and_the_options_alone(to: str) -> None:
    assert made(ABC, to, tempo=900) == made(ABC, to, tempo=900)


@pytest.mark.parametrize("to", SCORES)
def test_the_name_of_the_input_changes_only_how_it_was_made(to: str) -> None:
    outputs = [
        next(convert_bytes(ABC.encode(), name, format_named("abc"), Conversion(to)))
        for name in ("one.abc", "two.abc")
    ]
    tunes = [again(output, to) for output in outputs]  # type: ignore[arg-type]
    assert tunes[0] == tunes[1]
    assert tunes[0].provenance != tunes[1].provenance


LOSSY = [
    (Attachment("lyric", "la"), "mid", False), (Attachment("chord", "G7"), "musicxml", False),
    (Attachment("articulation", "staccato"), "mid", True), (Attachment("ornament", "trill"), "mid", True),
    (Attachment("lyric", "la"), "abc", False), (Attachment("chord", "G7"), "abc", False),
]  # fmt: skip


@pytest.mark.parametrize(("sign", "to", "lost"), LOSSY, ids=lambda value: str(getattr(value, "kind", value)))
def test_what_a_target_cannot_hold_is_said(sign: Attachment, to: str, lost: bool) -> None:
    note = Note(F(0), F(2), Pitch("G", F(0), 4), attachments=(sign,))
    tune = Tune((note,), (Barline(F(2), kind="final"),), meters=((F(0), Meter(2, 4)),))
    [output] = encode([tune], target_named(to))
    assert bool(output.losses) is lost
    if not lost:
        assert again(output, to).notes[0].attachments == (sign,)


def test_what_the_reader_lost_is_said_with_what_the_writer_loses() -> None:
    tune = star().replace(losses=("a second voice",))
    for to in ("krn", "svg", "wav"):
        [output] = encode([tune.replace(tempo=F(900))], target_named(to))
        assert "a second voice" in output.losses


def test_each_loss_is_said_once() -> None:
    tunes = [star().replace(losses=("verses",)), jig().replace(losses=("verses",))]
    [output] = encode(tunes, target_named("abc"))
    assert output.losses.count("verses") == 1


def test_grace_notes_are_no_notes_in_any_score() -> None:
    graced = Note(F(0), F(2), Pitch("G", F(0), 4), graces=(Grace(Pitch("A", F(0), 4)),))
    for to in SCORES:
        [output] = encode([Tune((graced,), meters=((F(0), Meter(2, 4)),))], target_named(to))
        assert again(output, to).duration == 2
        assert [n.pitch.step for n in again(output, to).notes if n.pitch][-1] == "G"


@pytest.mark.parametrize("kind", [*PAGES, *SCORES])
def test_a_tune_without_notes_can_be_written_but_not_heard(kind: str, tmp_path: Path) -> None:
    silent = Tune(melody("r:2"), meters=((F(0), Meter(2, 4)),), records=(("OTL", "Silence"),))
    canzona.write(silent, tmp_path / f"silence.{kind}")
    assert (tmp_path / f"silence.{kind}").stat().st_size > 0
    with pytest.raises(EmptyTuneError, match="no note to sound"):
        canzona.write(silent, tmp_path / "silence.wav")
    assert not (tmp_path / "silence.wav").exists()


@pytest.mark.parametrize("kind", target_names())
def test_no_tune_at_all_is_not_written(kind: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no tune to write"):
        canzona.write([], tmp_path / f"none.{kind}")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", [name for name in target_names() if name not in ("abc", "pdf")])
def test_two_tunes_go_only_where_two_have_room(kind: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=f"a {kind} file holds one tune and 2 are given"):
        canzona.write([star(), jig()], tmp_path / f"two.{kind}")


def test_a_target_that_exists_is_kept_unless_forced(tmp_path: Path) -> None:
    path = tmp_path / "tune.krn"
    canzona.write(star(), path)
    before = path.read_bytes()
    with pytest.raises(WriteError, match=r"tune\.krn exists"):
        canzona.write(jig(), path)
    assert path.read_bytes() == before
    canzona.write(jig(), path, force=True)
    assert canzona.read(path).title == jig().title


def test_a_file_without_a_tune_is_refused() -> None:
    for text in ("", "%abc-2.1\n", "% only words\n"):
        with pytest.raises(FormatError, match=r"tune\.abc"):
            list(convert_bytes(text.encode(), "tune.abc", format_named("abc"), Conversion("krn")))


def test_one_tune_of_many_by_its_number() -> None:
    text = "\n".join(f"X:{n}\nT:No {n}\nM:2/4\nL:1/4\nK:C\nc d|\n" for n in (1, 2, 3))
    [output] = list(convert_bytes(text.encode(), "set.abc", format_named("abc"), Conversion("krn"), only=2))
    assert isinstance(output, Output)
    assert output.tail == "-002"
    assert again(output, "krn").title == "No 2"


@pytest.mark.parametrize(
    ("held", "changed"),
    [
        ({"to": "krn"}, {}), ({"to": "kern"}, {"to": "krn"}), ({"to": ".MID", "tempo": 60}, {"to": "mid"}),
        ({"to": "wav", "instrument": "flute", "unfold": True}, {}), ({"to": "abc", "split": True}, {}),
        ({"to": "pdf", "track": "2", "transpose": "M2"}, {}),
    ],
    ids=str,
)  # fmt: skip
def test_a_conversion_in_words_is_what_differs_from_the_defaults(
    held: dict[str, object], changed: dict[str, object]
) -> None:
    conversion = Conversion.from_dict(held)
    assert conversion.to_dict() == held | changed
    assert Conversion.from_dict(conversion.to_dict()).target == conversion.target


@pytest.mark.parametrize("tempo", [4.999, 1000.01, float("nan"), float("inf"), -60, 0])
def test_a_tempo_that_nobody_plays_is_refused_everywhere(tempo: float, tmp_path: Path) -> None:
    for act in (
        lambda: Conversion("mid", tempo=tempo),
        lambda: canzona.write(star(), tmp_path / "tune.mid", tempo=tempo),
        lambda: render_sound(star(), tempo=tempo),
    ):
        with pytest.raises(UsageError, match="5 to 1000"):
            act()


@settings(max_examples=15)
@given(plain_tunes(), st.sampled_from(SCORES), st.sampled_from(SCORES))
def test_a_plain_tune_goes_round_by_two_formats(tune: Tune, one: str, other: str) -> None:
    first = again(encode([tune], target_named(one))[0], one)
    second = again(encode([first], target_named(other))[0], other)
    assert heights(second) == heights(tune)
    assert [n.onset for n in second.notes if n.pitch] == [n.onset for n in tune.notes if n.pitch]
    assert second.title == tune.title


def test_a_score_goes_to_stdout(canzona_cli: Callable[..., object], tmp_path: Path) -> None:
    source = tmp_path / "round.abc"
    source.write_text(ABC)
    done = canzona_cli("convert", source, "-o", "-", "--to", "krn", "-q")
    assert done.code == 0  # type: ignore[attr-defined]
    [tune] = list(format_named("krn").read(done.out.encode(), "out.krn", None))  # type: ignore[attr-defined]
    assert tune.title == "Round"


@pytest.mark.parametrize(
    ("instrument", "program"), [("reed", 21), ("music-box", 10), ("41", 41), ("Viola", 41), ("flute", 73)]
)
def test_every_instrument_that_sounds_has_a_program_in_midi(instrument: str, program: int) -> None:
    (output,) = encode([star()], target_named("mid"), instrument=instrument)
    assert bytes([0xC0, program]) in output.data


def test_what_is_no_instrument_is_none_in_midi_either() -> None:
    with pytest.raises(UsageError, match=r"'kazoo' is no instrument; the nearest is"):
        encode([star()], target_named("mid"), instrument="kazoo")
    (output,) = encode([star()], target_named("krn"), instrument="kazoo")
    assert output.data, "on paper a player may play what he likes"
