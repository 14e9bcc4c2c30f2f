"""What hangs on the notes of a MusicXML score: lyrics, slurs, signs, words, dynamics, chords, tempo."""

from __future__ import annotations

from fractions import Fraction

import pytest

from canzona.score import Attachment, Tune
from canzona.score.musicxml_signs import ARTICULATIONS, DYNAMICS, TECHNICAL
from musicxml_text import ATTRIBUTES, attributes, note, score, tune_of

F = Fraction


MEASURE_REPEAT = '<measure-style><measure-repeat type="start">1</measure-repeat></measure-style>'


def of_kind(tune: Tune, kind: str) -> list[tuple[Fraction, str]]:
    """Moment and text of all signs of one kind."""
    return [
        (n.onset + sign.offset, sign.text) for n in tune.notes for sign in n.attachments if sign.kind == kind
    ]


def first_signs(content: str) -> list[tuple[str, str]]:
    """Kind and text of the signs at the first note of a measure."""
    tune = tune_of(score(ATTRIBUTES + content))
    return [(sign.kind, sign.text) for sign in tune.notes[0].attachments]


def lyric(text: str, syllabic: str = "single", more: str = "", number: str = "1") -> str:
    """A `<lyric>`."""
    return f'<lyric number="{number}"><syllabic>{syllabic}</syllabic><text>{text}</text>{more}</lyric>'


def direction(content: str, more: str = "", attribute: str = "") -> str:
    """A `<direction>` of one type."""
    return f"<direction{attribute}><direction-type>{content}</direction-type>{more}</direction>"


# Lyrics.


def test_the_syllables_of_a_word_are_joined_by_hyphens() -> None:
    word = [lyric("A", "begin"), lyric("me", "middle"), lyric("li", "middle"), lyric("a", "end")]
    tune = tune_of(score(ATTRIBUTES + "".join(note("C4", 1, syllable) for syllable in word)))
    assert [text for _, text in of_kind(tune, "lyric")] == ["A-", "me-", "li-", "a"]


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (lyric("la"), "la"),
        (lyric(" la "), "la"),
        (lyric("la-", "begin"), "la-"),
        (lyric("la -", "begin"), "la-"),
        (lyric("la-"), "la-"),
        (lyric("Müh", "begin"), "Müh-"),
        ("<lyric><text>la</text></lyric>", "la"),
        (
            "<lyric><syllabic>single</syllabic><text>l'a</text><elision> </elision><text>mi</text></lyric>",
            "l'a‿mi",
        ),
        ("<lyric><text>l'a</text><elision>_</elision><text>mi</text></lyric>", "l'a_mi"),
        ("<lyric><text>l</text><text>a</text></lyric>", "la"),
        ("<lyric><extend/></lyric>", "_"),
        ('<lyric><extend type="continue"/></lyric>', "_"),
        ("<lyric><text>la</text><extend/></lyric>", "la"),
        ("<lyric><text>a &amp; b &lt;c&gt;</text></lyric>", "a & b <c>"),
    ],
)
def test_the_text_of_a_lyric(written: str, text: str) -> None:
    assert first_signs(note("C4", 4, written)) == [("lyric", text)]


@pytest.mark.parametrize("written", ["<lyric/>", "<lyric><text/></lyric>", "<lyric><text>  </text></lyric>"])
def test_a_lyric_without_text_is_none(written: str) -> None:
    assert first_signs(note("C4", 4, written)) == []


@pytest.mark.parametrize(
    ("number", "verse"),
    [("1", 1), ("3", 3), ("verse 2", 2), ("part1verse2", 2), ("part2verse1", 1), ("12", 12), ("chorus", 1)],
)
def test_the_number_of_a_lyric_is_its_verse(number: str, verse: int) -> None:
    """Sibelius numbers the verses of a part 'part1verse2'."""
    tune = tune_of(score(ATTRIBUTES + note("C4", 4, lyric("la", number=number))))
    assert tune.notes[0].attachments == (Attachment("lyric", "la", verse),)


def test_verses_below_one_another_come_in_their_order() -> None:
    content = note("C4", 4, lyric("drei", number="3") + lyric("eins") + lyric("zwei", number="2"))
    tune = tune_of(score(ATTRIBUTES + content))
    assert [(sign.number, sign.text) for sign in tune.notes[0].attachments] == [
        (1, "eins"),
        (2, "zwei"),
        (3, "drei"),
    ]


@pytest.mark.parametrize("element", ["<end-line/>", "<end-paragraph/>"])
def test_lines_of_a_poem_are_phrases_where_no_phrase_is_marked(element: str) -> None:
    bar = note("C4", 2) + note("D4", 2, lyric("la", more=element))
    tune = tune_of(score(ATTRIBUTES + bar, bar))
    assert (tune.phrasing, [n.onset for n in tune.notes if n.phrase_start]) == ("inferred", [0, 2])


# Slurs.


def slur(kind: str, number: int = 1) -> str:
    return f'<notations><slur type="{kind}" number="{number}"/></notations>'


def test_slurs_begin_and_stop_at_their_notes() -> None:
    content = note("C4", 1, slur("start")) + note("D4", 1, slur("continue")) + note("E4", 2, slur("stop"))
    assert of_kind(tune_of(score(ATTRIBUTES + content)), "slur") == [(F(0), "start"), (F(1), "stop")]


def test_nested_slurs_keep_their_numbers() -> None:
    content = note("C4", 1, slur("start") + slur("start", 2)) + note("D4", 1, slur("stop", 2))
    tune = tune_of(score(ATTRIBUTES + content + note("E4", 2, slur("stop"))))
    assert [[(s.text, s.number) for s in n.attachments] for n in tune.notes] == [
        [("start", 1), ("start", 2)],
        [("stop", 2)],
        [("stop", 1)],
    ]


def test_a_slur_from_a_grace_note_to_its_own_note_is_said_to_be_lost() -> None:
    pitch = "<pitch><step>D</step><octave>5</octave></pitch>"
    grace = f"<note><grace/>{pitch}{slur('start')}</note>"
    tune = tune_of(score(ATTRIBUTES + grace + note("C5", 4, slur("stop"))))
    assert tune.notes[0].attachments == ()
    assert tune.losses == ("1 slurs of grace notes",)


def test_a_slur_from_a_grace_note_over_later_notes_begins_at_its_note() -> None:
    pitch = "<pitch><step>D</step><octave>5</octave></pitch>"
    grace = f"<note><grace/>{pitch}{slur('start')}</note>"
    tune = tune_of(score(ATTRIBUTES + grace + note("C5", 2) + note("D5", 2, slur("stop"))))
    assert of_kind(tune, "slur") == [(F(0), "start"), (F(1), "stop")]
    assert tune.losses == ()


# Articulations, ornaments, technical signs, fermatas.


@pytest.mark.parametrize("name", sorted(ARTICULATIONS))
def test_an_articulation_keeps_its_name(name: str) -> None:
    content = note("C4", 4, f"<notations><articulations><{name}/></articulations></notations>")
    assert first_signs(content) == [("articulation", name)]


@pytest.mark.parametrize("name", sorted(TECHNICAL))
def test_a_technical_sign_is_an_articulation(name: str) -> None:
    content = note("C4", 4, f"<notations><technical><{name}/></technical></notations>")
    assert first_signs(content) == [("articulation", name)]


@pytest.mark.parametrize(
    ("element", "name"),
    [
        ("<trill-mark/>", "trill"),
        ("<mordent/>", "mordent"),
        ("<inverted-mordent/>", "inverted-mordent"),
        ("<turn/>", "turn"),
        ("<inverted-turn/>", "inverted-turn"),
        ("<delayed-turn/>", "delayed-turn"),
        ("<shake/>", "shake"),
        ("<schleifer/>", "schleifer"),
        ('<tremolo type="single">3</tremolo>', "tremolo"),
        ("<other-ornament>roll</other-ornament>", "roll"),
    ],
)
def test_an_ornament_has_a_name(element: str, name: str) -> None:
    content = note("C4", 4, f"<notations><ornaments>{element}</ornaments></notations>")
    assert first_signs(content) == [("ornament", name)]


@pytest.mark.parametrize(
    ("element", "name"),
    [
        ("<fermata/>", "fermata"),
        ("<fermata>normal</fermata>", "normal"),
        ("<fermata>angled</fermata>", "angled"),
        ('<fermata type="upright"/>', "fermata"),
        ('<fermata type="inverted"/>', "inverted"),
    ],
)
def test_a_fermata_has_a_shape(element: str, name: str) -> None:
    assert first_signs(note("C4", 4, f"<notations>{element}</notations>")) == [("fermata", name)]


def test_a_fermata_may_stand_on_a_rest() -> None:
    assert first_signs(note("r", 4, "<notations><fermata/></notations>")) == [("fermata", "fermata")]


@pytest.mark.parametrize(
    ("content", "loss"),
    [
        (note("C4", 4, "<notations><arpeggiate/></notations>"), "1 <arpeggiate> signs"),
        (note("C4", 4, '<notations><glissando type="start"/></notations>'), "1 <glissando> signs"),
        (
            note("C4", 4, "<notations><technical><fingering>3</fingering></technical></notations>"),
            "1 <fingering> signs",
        ),
        (
            note("C4", 4, "<notations><ornaments><wavy-line type='start'/></ornaments></notations>"),
            "1 <wavy-line> signs",
        ),
        (
            note("C4", 4, "<notations><other-notation>x</other-notation></notations>"),
            "1 signs of a program's own",
        ),
        (direction('<pedal type="start"/>') + note("C4", 4), "1 <pedal> directions"),
        (direction('<octave-shift type="down"/>') + note("C4", 4), "1 <octave-shift> directions"),
        ("<figured-bass><figure/></figured-bass>" + note("C4", 4), "1 figured basses"),
        (note("C4", 4, "<lyric><humming/></lyric>"), "1 <humming> lyrics"),
        (note("C4", 4) + "<barline><coda/></barline>", "1 coda signs on bar lines"),
        (
            f"<attributes>{MEASURE_REPEAT}</attributes>" + note("C4", 4),
            "1 <measure-repeat> abbreviations",
        ),
        (note("C4", 4) + "<barline><fermata/></barline>", "1 fermata signs on bar lines"),
    ],
)
def test_what_no_tune_holds_is_named(content: str, loss: str) -> None:
    assert tune_of(score(ATTRIBUTES + content)).losses == (loss,)


# Words and dynamics.


@pytest.mark.parametrize(
    ("content", "signs"),
    [
        (direction("<words>dolce</words>"), [("text", "dolce")]),
        (direction("<words> dolce </words>"), [("text", "dolce")]),
        (direction("<words>con</words><words> fuoco</words>"), [("text", "con fuoco")]),
        (direction("<words>poco</words></direction-type><direction-type><words>rit.</words>"),
         [("text", "poco rit.")]),
        (direction("<words>Lento</words>", attribute=' directive="yes"'), [("tempo", "Lento")]),
        (direction("<segno/>"), [("text", "segno")]),
        (direction("<coda/>"), [("text", "coda")]),
        (direction("<words> </words>"), []),
        (direction('<wedge type="crescendo"/>'), [("dynamic", "crescendo")]),
        (direction('<wedge type="stop"/>'), [("dynamic", "stop")]),
        (direction('<wedge type="continue"/>'), []),
        (direction("<dynamics><other-dynamics>più f</other-dynamics></dynamics>"), [("dynamic", "più f")]),
        (direction("<dynamics><p/></dynamics></direction-type><direction-type><words>dolce</words>"),
         [("text", "dolce"), ("dynamic", "p")]),
    ],
)  # fmt: skip
def test_a_direction_before_a_note(content: str, signs: list[tuple[str, str]]) -> None:
    assert first_signs(content + note("C4", 4)) == signs


@pytest.mark.parametrize("name", sorted(DYNAMICS))
def test_a_dynamic_keeps_its_name(name: str) -> None:
    content = direction(f"<dynamics><{name}/></dynamics>")
    assert first_signs(content + note("C4", 4)) == [("dynamic", name)]


def test_a_dynamic_may_stand_among_the_notations_of_its_note() -> None:
    loud = "<notations><dynamics><sfz/><other-dynamics>ma dolce</other-dynamics></dynamics></notations>"
    assert first_signs(note("C4", 4, loud)) == [("dynamic", "sfz"), ("dynamic", "ma dolce")]


def test_a_rest_of_many_bars_is_no_abbreviation() -> None:
    rests = "<measure-style><multiple-rest>2</multiple-rest></measure-style>"
    tune = tune_of(score(ATTRIBUTES + f"<attributes>{rests}</attributes>" + note("r", 4), note("r", 4)))
    assert (len(tune.bars), tune.losses) == (2, ())


@pytest.mark.parametrize(
    ("offset", "moment"),
    [("1", F(3, 2)), ("0", F(1)), ("-1", F(1, 2)), ("-9", F(0)), ("0.5", F(5, 4)), ("x", F(1))],
)
def test_a_direction_stands_where_its_offset_says_but_in_its_measure(offset: str, moment: Fraction) -> None:
    word = direction("<words>sul tasto</words>", f"<offset>{offset}</offset>")
    tune = tune_of(score(ATTRIBUTES + note("C4", 2) + word + note("D4", 2)))
    assert of_kind(tune, "text") == [(moment, "sul tasto")]


def test_a_direction_after_the_last_note_hangs_on_it() -> None:
    tune = tune_of(score(ATTRIBUTES + note("C4", 4), note("D4", 4) + direction("<words>Fine</words>")))
    assert of_kind(tune, "text") == [(F(4), "Fine")]
    assert tune.notes[-1].attachments == (Attachment("text", "Fine", 1, F(2)),)


def test_a_rehearsal_mark_begins_a_section() -> None:
    mark = direction("<rehearsal> Trio </rehearsal>")
    tune = tune_of(
        score(ATTRIBUTES + note("C4", 4), mark + note("D4", 4), direction("<rehearsal/>") + note("E4", 4))
    )
    assert [(section.onset, section.label) for section in tune.sections] == [(F(2), "Trio")]


# Tempo.


def metronome(unit: str, count: str, dots: int = 0) -> str:
    """A `<metronome>`."""
    return (
        f"<metronome><beat-unit>{unit}</beat-unit>{'<beat-unit-dot/>' * dots}"
        f"<per-minute>{count}</per-minute></metronome>"
    )


@pytest.mark.parametrize(
    ("mark", "tempo"),
    [
        (metronome("quarter", "96"), F(96)),
        (metronome("half", "60"), F(120)),
        (metronome("eighth", "132"), F(66)),
        (metronome("quarter", "40", 1), F(60)),
        (metronome("quarter", "40", 2), F(70)),
        (metronome("quarter", "72.5"), F(145, 2)),
    ],
)
def test_a_metronome_mark_counts_quarters_a_minute(mark: str, tempo: Fraction) -> None:
    assert tune_of(score(ATTRIBUTES + direction(mark) + note("C4", 4))).tempo == tempo


@pytest.mark.parametrize("count", ["ca. 80", "", "0", "-80", "nan"])
def test_a_mark_without_a_sensible_number_is_said_to_be_lost(count: str) -> None:
    tune = tune_of(score(ATTRIBUTES + direction(metronome("quarter", count)) + note("C4", 4)))
    assert tune.tempo is None
    assert tune.losses == ("1 metronome marks without a number",)


def test_the_tempo_that_sounds_is_believed_before_the_one_that_is_printed() -> None:
    mark = direction(metronome("quarter", "ca. 80"), '<sound tempo="84"/>')
    tune = tune_of(score(ATTRIBUTES + mark + note("C4", 4)))
    assert (tune.tempo, tune.losses) == (F(84), ())


@pytest.mark.parametrize("value", ["0", "-60", "", "fast", "1e3"])
def test_a_sound_without_a_sensible_tempo_changes_nothing(value: str) -> None:
    for sound in (f'<sound tempo="{value}"/>', direction("<words>x</words>", f'<sound tempo="{value}"/>')):
        assert tune_of(score(ATTRIBUTES + sound + note("C4", 4))).tempo is None


def test_later_tempos_are_signs_of_their_notes() -> None:
    tune = tune_of(
        score(
            ATTRIBUTES + '<sound tempo="100"/>' + note("C4", 2) + '<sound tempo="80"/>' + note("D4", 2),
            direction(metronome("quarter", "120")) + note("E4", 4),
        )
    )
    assert tune.tempo == 100
    assert of_kind(tune, "tempo") == [(F(1), "80"), (F(2), "120")]


# Chord symbols.


def harmony(
    kind: str, *, root: str = "C", alter: str = "", text: str | None = None, more: str = "", **other: str
) -> str:
    """A `<harmony>`."""
    attribute = "" if text is None else f' text="{text}"'
    attribute += "".join(f' {name.replace("_", "-")}="{value}"' for name, value in other.items())
    signs = f"<root-alter>{alter}</root-alter>" if alter else ""
    return (
        f"<harmony><root><root-step>{root}</root-step>{signs}</root>"
        f"<kind{attribute}>{kind}</kind>{more}</harmony>"
    )


def bass(step: str, alter: str = "0") -> str:
    return f"<bass><bass-step>{step}</bass-step><bass-alter>{alter}</bass-alter></bass>"


def degree(value: int, alter: int, kind: str) -> str:
    return (
        f"<degree><degree-value>{value}</degree-value><degree-alter>{alter}</degree-alter>"
        f"<degree-type>{kind}</degree-type></degree>"
    )


@pytest.mark.parametrize(
    ("written", "chord"),
    [
        (harmony("major"), "C"),
        (harmony("minor", root="A"), "Am"),
        (harmony("dominant", root="G"), "G7"),
        (harmony("major-seventh", root="E", alter="-1"), "Ebmaj7"),
        (harmony("minor", root="F", alter="1"), "F#m"),
        (harmony("diminished"), "Cdim"),
        (harmony("augmented"), "Caug"),
        (harmony("suspended-fourth", root="D"), "Dsus4"),
        (harmony("half-diminished", root="B"), "Bm7b5"),
        (harmony("major", more=bass("G")), "C/G"),
        (harmony("minor", root="A", more=bass("F", "1")), "Am/F#"),
        (harmony("dominant", text="7"), "C7"),
        (harmony("major", text=""), "C"),
        (harmony("minor", text="-", root="D"), "D-"),
        (harmony("dominant", more=degree(9, -1, "add")), "C7(b9)"),
        (harmony("major", more=degree(5, 0, "subtract")), "C(no5)"),
        (harmony("dominant", more=degree(5, 1, "alter")), "C7(#5)"),
        (harmony("none"), "N.C."),
        (harmony("none", text="tacet"), "tacet"),
        (harmony("pedal", text="ped", root="D"), "Dped"),
        ("<harmony><function>V</function><kind>dominant</kind></harmony>", "V7"),
        ("<harmony><numeral><numeral-root>5</numeral-root></numeral><kind>major</kind></harmony>", "V"),
    ],
)
def test_a_chord_symbol_is_written_as_players_write_it(written: str, chord: str) -> None:
    assert first_signs(written + note("C4", 4)) == [("chord", chord)]


@pytest.mark.parametrize(
    ("kind", "text", "chord"),
    [
        ("major-seventh", "7", "Cmaj7"),
        ("diminished-seventh", "7", "Cdim7"),
        ("half-diminished", "7", "Cm7b5"),
        ("minor-seventh", "7", "Cm7"),
        ("augmented", "", "Caug"),
    ],
)
def test_the_triangle_and_the_circle_are_spelled_out(kind: str, text: str, chord: str) -> None:
    """With `use-symbols`, the text holds only what stands beside the drawn symbol."""
    written = harmony(kind, text=text, use_symbols="yes")
    assert first_signs(written + note("C4", 4)) == [("chord", chord)]


def test_a_chord_symbol_without_a_name_is_said_to_be_lost() -> None:
    tune = tune_of(score(ATTRIBUTES + "<harmony><kind/></harmony><harmony/>" + note("C4", 4)))
    assert tune.notes[0].attachments == ()
    assert tune.losses == ("2 chord symbols without a root",)


def test_chords_may_change_within_a_note() -> None:
    later = harmony("dominant", root="G").replace("</harmony>", "<offset>2</offset></harmony>")
    tune = tune_of(score(attributes(2) + harmony("major") + later + note("C4", 4)))
    assert of_kind(tune, "chord") == [(F(0), "C"), (F(1), "G7")]


def test_chords_over_a_second_voice_hang_on_the_line_that_is_read() -> None:
    back = "<backup><duration>4</duration></backup>"
    low = note("C3", 2, "<voice>2</voice>") + harmony("major", root="F") + note("F3", 2, "<voice>2</voice>")
    top = "".join(note(name, 1, "<voice>1</voice>") for name in ("C5", "D5", "E5", "F5"))
    tune = tune_of(score(ATTRIBUTES + top + back + low))
    assert of_kind(tune, "chord") == [(F(1), "F")]
    assert tune.notes[2].attachments == (Attachment("chord", "F"),)
