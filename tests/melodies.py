"""Two public-domain melodies as Tunes, for tests of what sounds and what is drawn."""

from __future__ import annotations

from fractions import Fraction

from canzona.score import Attachment, Barline, Key, Meter, Note, Pitch, Tune

F = Fraction


def melody(text: str) -> tuple[Note, ...]:
    """Notes from words such as `c4:1`, `f#5:1/2`, `r:1`; `(` opens a phrase and `)` ends one."""
    notes: list[Note] = []
    onset = F(0)
    for word in text.split():
        name, _, length = word.strip("()").partition(":")
        duration = F(length or 1)
        pitch = None
        if name != "r":
            sharp = name.count("#") - name.count("b", 1)
            pitch = Pitch(name[0].upper(), F(sharp), int(name[-1]))
        notes.append(Note(onset, duration, pitch, word.startswith("("), word.endswith(")")))
        onset += duration
    return tuple(notes)


def star() -> Tune:
    """Ah! vous dirai-je, maman (before 1761): C major, 2/4, three phrases of four bars, with words."""
    notes = melody("(c4 c4 g4 g4 a4 a4 g4:2) (f4 f4 e4 e4 d4 d4 c4:2) (g4 g4 f4 f4 e4 e4 d4:2)")
    words = ["Ah!", "vous", "di-", "rai-", "je,", "ma-", "man,"]
    notes = tuple(
        Note(
            n.onset,
            n.duration,
            n.pitch,
            n.phrase_start,
            n.phrase_end,
            (),
            (Attachment("lyric", words[place]),),
        )
        if place < len(words)
        else n
        for place, n in enumerate(notes)
    )
    return Tune(
        notes=notes,
        barlines=(*tuple(Barline(F(2 * bar), bar + 1) for bar in range(1, 12)), Barline(F(24), kind="final")),
        keys=((F(0), Key("C", 0, "major")),),
        meters=((F(0), Meter(2, 4)),),
        records=(("OTL", "Ah! vous dirai-je, maman"), ("ARE", "Europa, France"), ("COM", "Anonyme")),
        phrasing="marked",
        provenance='{"command":"convert","version":"0.1.0"}',
    )


def jig() -> Tune:
    """The first strain of The Irish Washerwoman (18th century): G major, 6/8, a pickup, a repeat."""
    notes = melody(
        "(d5:1/2 c5:1/2 b4:1/2 g4:1/2 g4:1/2 d4:1/2 g4:1/2 g4:1/2 b4:1/2 g4:1/2 b4:1/2 d5:1/2 c5:1/2 b4:1/2 "
        "c5:1/2 a4:1/2 a4:1/2 d4:1/2 a4:1/2 a4:1/2 c5:1/2 a4:1/2 c5:1/2 e5:1/2 d5:1/2 c5:1/2) "
    )
    starts = [F(1) + 3 * bar for bar in range(4)]
    return Tune(
        notes=notes,
        barlines=(
            *tuple(Barline(onset, number) for number, onset in enumerate(starts, start=1)),
            Barline(F(13), kind="final", repeat="end"),
        ),
        keys=((F(0), Key("G", 0, "major")),),
        meters=((F(0), Meter(6, 8)),),
        records=(("OTL", "The Irish Washerwoman"),),
        phrasing="marked",
    )
