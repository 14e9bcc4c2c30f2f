"""One file into another, through the public API."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

import canzona
from canzona.conversion import Conversion, Output, convert_all, convert_bytes, target_named, target_names
from canzona.errors import EmptyTuneError, FormatError, UsageError, WriteError
from canzona.score import Key, Note, Pitch, Tune, format_named, formats

SCORES = [known.suffixes[0] for known in formats()]
KRN = format_named("krn")


@pytest.mark.parametrize("suffix", SCORES)
def test_every_score_format_gives_the_same_notes(examples: Path, tmp_path: Path, suffix: str) -> None:
    source = examples / "greensleeves.krn"
    target = tmp_path / f"tune{suffix}"
    reports = canzona.convert(source, target)
    assert reports[0].outputs == (target,)
    before, after = canzona.read(source), canzona.read(target)
    sounding = [(n.onset, n.duration, n.pitch.midi) for n in before.notes if n.pitch]
    assert [(n.onset, n.duration, n.pitch.midi) for n in after.notes if n.pitch] == sounding


@pytest.mark.parametrize(("kind", "magic"), [("svg", b"<svg"), ("png", b"\x89PNG"), ("pdf", b"%PDF")])
def test_pages(examples: Path, kind: str, magic: bytes) -> None:
    data = (examples / "greensleeves.krn").read_bytes()
    made = list(convert_bytes(data, "greensleeves.krn", KRN, Conversion(kind)))
    assert isinstance(made[0], Output)
    assert made[0].data.startswith(magic)


@pytest.mark.parametrize(("kind", "magic"), [("wav", b"RIFF"), ("flac", b"fLaC"), ("ogg", b"OggS")])
def test_sounds(examples: Path, kind: str, magic: bytes) -> None:
    data = (examples / "ah-vous-dirai-je.krn").read_bytes()
    made = list(convert_bytes(data, "a.krn", KRN, Conversion(kind, tempo=900)))
    assert isinstance(made[0], Output)
    assert made[0].data.startswith(magic)


def test_the_same_input_gives_the_same_bytes(examples: Path) -> None:
    data = (examples / "auld-lang-syne.krn").read_bytes()
    for kind in target_names():
        conversion = Conversion(kind, tempo=800)
        first, second = (list(convert_bytes(data, "a.krn", KRN, conversion)) for _ in range(2))
        assert first == second, kind


def test_what_is_asked_for_happens(examples: Path, tmp_path: Path) -> None:
    target = tmp_path / "tune.musicxml"
    canzona.convert(examples / "greensleeves.krn", target, transpose="D", tempo=80, instrument="flute")
    tune = canzona.read(target)
    assert tune.key == Key("D", 0, "minor", tune.key.signature if tune.key else None)
    assert tune.tempo == 80
    assert tune.instrument == "flute"


def test_repeats_are_written_out_on_request(tmp_path: Path) -> None:
    source = tmp_path / "jig.abc"
    source.write_text("X:1\nT:Jig\nM:2/4\nL:1/4\nK:C\n|: c d | e f :|\n")
    folded = canzona.convert(source, tmp_path / "folded.krn")
    unfolded = canzona.convert(source, tmp_path / "unfolded.krn", unfold=True)
    assert canzona.read(folded[0].outputs[0]).duration == Fraction(4)
    assert canzona.read(unfolded[0].outputs[0]).duration == Fraction(8)


TWO = "X:1\nT:One\nM:2/4\nL:1/4\nK:C\nc d|\n\nX:2\nT:Two\nM:2/4\nL:1/4\nK:G\ng a|\n"


def test_many_tunes_become_many_files_or_stay_together(tmp_path: Path) -> None:
    (tmp_path / "set.abc").write_text(TWO)
    names = {
        (kind, split): [
            path.name
            for report in convert_all(
                [tmp_path / "set.abc"], tmp_path / f"{kind}{split}", Conversion(kind, split=split)
            )
            for path in report.outputs
        ]
        for kind in ("krn", "abc", "svg", "pdf")
        for split in (False, True)
    }
    assert names["krn", False] == ["set-001.krn", "set-002.krn"]
    assert names["abc", False] == ["set.abc"]
    assert names["abc", True] == ["set-001.abc", "set-002.abc"]
    assert names["svg", False] == ["set-001.svg", "set-002.svg"]
    assert names["pdf", False] == ["set.pdf"]
    assert [tune.title for tune in canzona.read_tunes(tmp_path / "abcFalse" / "set.abc")] == ["One", "Two"]
    assert canzona.read(tmp_path / "krnFalse" / "set-002.krn").title == "Two"


def test_one_tune_that_fails_does_not_take_the_others_along(tmp_path: Path) -> None:
    (tmp_path / "set.abc").write_text(TWO + "\nX:3\nT:Silence\nM:2/4\nL:1/4\nK:C\nz2|\n")
    made = list(
        convert_bytes((tmp_path / "set.abc").read_bytes(), "set.abc", format_named("abc"), Conversion("wav"))
    )
    assert [type(each) for each in made] == [Output, Output, EmptyTuneError]


def test_a_folder_keeps_its_shape_and_the_processes_change_nothing(examples: Path, tmp_path: Path) -> None:
    source = tmp_path / "in"
    (source / "deep").mkdir(parents=True)
    for place, path in enumerate(sorted(examples.glob("*.krn"))):
        (source / ("deep" if place else ".") / path.name).write_bytes(path.read_bytes())
    (source / "notes.txt").write_text("not a score")
    for jobs in (1, 2):
        reports = canzona.convert(source, tmp_path / f"out{jobs}", to="mid", jobs=jobs)
        assert [report.errors for report in reports] == [()] * 3
    found = [
        {
            path.relative_to(tmp_path / f"out{jobs}"): path.read_bytes()
            for path in (tmp_path / f"out{jobs}").rglob("*.mid")
        }
        for jobs in (1, 2)
    ]
    assert found[0] == found[1]
    assert sorted(map(str, found[0])) == [
        "ah-vous-dirai-je.mid",
        "deep/auld-lang-syne.mid",
        "deep/greensleeves.mid",
    ]


def test_inputs_of_one_name_do_not_write_over_one_another(examples: Path, tmp_path: Path) -> None:
    krn = (examples / "greensleeves.krn").read_bytes()
    (tmp_path / "a.krn").write_bytes(krn)
    (tmp_path / "a.abc").write_text(TWO)
    reports = list(convert_all([tmp_path], tmp_path / "out", Conversion("pdf"), force=True))
    assert sorted(path.name for report in reports for path in report.outputs) == ["a-abc.pdf", "a-krn.pdf"]


def test_what_fails_stands_in_its_report_and_the_rest_is_done(examples: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.krn").write_bytes(b"\0\1")
    sources = [tmp_path / "bad.krn", tmp_path / "gone.krn", examples / "greensleeves.krn"]
    reports = list(convert_all(sources, tmp_path / "out", Conversion("abc")))
    assert [bool(report.errors) for report in reports] == [True, True, False]
    assert "no such file" in str(reports[1].errors[0])
    with pytest.raises(FormatError, match=r"bad\.krn"):
        canzona.convert(tmp_path / "bad.krn", tmp_path / "out", to="abc")


def test_an_empty_folder_is_reported(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (report,) = convert_all([tmp_path / "in"], tmp_path / "out", Conversion("abc"))
    assert "holds no score" in str(report.errors[0])


def test_what_exists_is_kept(examples: Path, tmp_path: Path) -> None:
    target = tmp_path / "tune.abc"
    target.write_text("mine")
    with pytest.raises(WriteError, match=r"tune\.abc exists"):
        canzona.convert(examples / "greensleeves.krn", target)
    assert target.read_text() == "mine"
    canzona.convert(examples / "greensleeves.krn", target, force=True)
    assert target.read_text().startswith(("%", "X:"))


def test_losses_are_told(tmp_path: Path) -> None:
    source = tmp_path / "song.abc"
    source.write_text('X:1\nT:Song\nM:2/4\nL:1/4\nK:C\n"Am"c ~d|\n')
    assert canzona.convert(source, tmp_path / "song.mid")[0].losses


def test_write_signs_what_has_no_provenance_and_keeps_what_has(tmp_path: Path) -> None:
    note = Note(Fraction(0), Fraction(4), Pitch("C", Fraction(0), 4))
    canzona.write(Tune(notes=(note,)), tmp_path / "new.krn")
    assert canzona.explain(tmp_path / "new.krn").command == "write"
    canzona.write(
        Tune(notes=(note,), provenance='{"command":"compose","version":"9"}'), tmp_path / "made.krn"
    )
    assert canzona.explain(tmp_path / "made.krn").version == "9"


def test_write_takes_several_tunes_where_the_format_holds_many(examples: Path, tmp_path: Path) -> None:
    tunes = [canzona.read(path) for path in sorted(examples.glob("*.krn"))]
    canzona.write(tunes, tmp_path / "all.abc")
    assert [tune.title for tune in canzona.read_tunes(tmp_path / "all.abc")] == [tune.title for tune in tunes]
    with pytest.raises(UsageError, match="a krn file holds one tune and 3 are given"):
        canzona.write(tunes, tmp_path / "all.krn")


@pytest.mark.parametrize("name", ["krn", "KERN", ".mid", "midi", "xml", "pdf", "Mp3"])
def test_targets_by_name(name: str) -> None:
    assert target_named(name).suffix in (".krn", ".mid", ".musicxml", ".pdf", ".mp3")


@pytest.mark.parametrize(
    ("name", "hint"),
    [("muscxml", "did you mean 'musicxml'"), ("gif", "choose one of"), ("mxl", "is no kind of file")],
)
def test_an_unknown_target_is_refused_with_the_nearest(name: str, hint: str) -> None:
    with pytest.raises(UsageError, match=hint):
        target_named(name)


@pytest.mark.parametrize("tempo", [0, -3, 4.9, 1001, float("nan"), float("inf")])
def test_a_tempo_that_makes_no_music_is_refused(tempo: float) -> None:
    with pytest.raises(UsageError, match="makes no music; give 5 to 1000"):
        Conversion("mid", tempo=tempo)


def test_usage_is_refused_before_anything_is_read(examples: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no interval"):
        canzona.convert(examples, tmp_path / "out", to="mid", transpose="P3")
    with pytest.raises(UsageError, match="is a folder and"):
        canzona.convert(examples, tmp_path / "all.mid")


def test_every_target_survives_its_options() -> None:
    conversion = Conversion("kern", transpose="M2", tempo=60.5, split=True)
    assert Conversion.from_dict(conversion.to_dict()).to_dict() == conversion.to_dict()
    with pytest.raises(FormatError, match="none of this version"):
        Conversion.from_dict({"to": "krn", "reverb": 1})
