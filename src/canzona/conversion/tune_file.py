"""One file of tunes into another kind, in memory; and a Tune into a file.

What is made depends on the input's bytes, its name and the `Conversion` alone. All three
stand in the output's provenance, so that the same bytes can be made again.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import canzona
from canzona.conversion.targets import Output, Target, encode, target_named
from canzona.errors import CanzonaError, FormatError, UsageError
from canzona.files import refuse_existing, write_together
from canzona.score.format import Format
from canzona.score.provenance import Input, Provenance, input_of
from canzona.score.transpose import transpose
from canzona.score.tune import Tune
from canzona.score.unfold import unfold

TEMPO_RANGE = (5, 1000)
"""Quarter notes a minute that can be asked for."""


@dataclass(frozen=True, slots=True)
class Conversion:
    """What to make of each tune.

    Attributes
    ----------
    to : the target's name: 'krn', 'abc', 'musicxml', 'mid', 'svg', 'png', 'pdf', 'wav' ...
    transpose : an interval or a key as `canzona.transpose` takes it, or an empty string.
    track : the voice to read where a file holds several, by number from 1 or name.
    unfold : write repeats and endings out.
    tempo : quarter notes a minute, or None for the tune's own.
    instrument : the instrument's name, or an empty string for the tune's own.
    soundfont : a .sf2 or .sf3 file for sound, or an empty string for the built-in instruments.
    split : one file a tune, even where the target holds many.
    """

    to: str
    transpose: str = ""
    track: str = ""
    unfold: bool = False
    tempo: float | None = None
    instrument: str = ""
    soundfont: str = ""
    split: bool = False

    def __post_init__(self) -> None:
        lowest, highest = TEMPO_RANGE
        if self.tempo is not None and not lowest <= self.tempo <= highest:
            raise UsageError(
                f"a tempo of {self.tempo:g} quarter notes a minute makes no music", hint="give 5 to 1000"
            )

    @property
    def target(self) -> Target:
        """The target; UsageError where there is none of this name."""
        return target_named(self.to)

    def to_dict(self) -> dict[str, Any]:
        """What differs from the defaults, in JSON's own types."""
        held = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return {"to": self.target.name} | {
            name: value for name, value in held.items() if value and name != "to"
        }

    @classmethod
    def from_dict(cls, held: dict[str, Any]) -> Conversion:
        """What `to_dict` gave; FormatError where it holds something else."""
        known = {field.name: field.type for field in dataclasses.fields(cls)}
        kinds = {"str": str, "bool": bool, "float | None": int | float | None}
        for name, value in held.items():
            kind = kinds.get(str(known.get(name)))
            if kind is None or not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
                raise FormatError(f"its option '{name}' is none of this version's")
        try:
            return cls(**held)
        except TypeError as error:
            raise FormatError("its options are none of this version's") from error


def convert_bytes(
    data: bytes, name: str, known: Format, conversion: Conversion, *, only: int = 0
) -> Iterator[Output | CanzonaError]:
    """The files that the tunes of one file become, or the error that a tune met, in order.

    Parameters
    ----------
    data : the file's bytes.
    name : its name as the user gave it, for errors and the provenance.
    known : the format that the bytes are in.
    conversion : what to make.
    only : the number, from 1, of the one tune to convert, or 0 for all.

    Raises
    ------
    FormatError : the file cannot be read.
    UsageError : the conversion names an unknown target, interval or instrument.
    """
    tunes = list(known.read(data, name, conversion.track or None))
    if not tunes:
        raise FormatError("the file holds no tune", source=name, hint="give a file with notes in it")
    origin = input_of(name, data)
    target = conversion.target
    if len(tunes) == 1 or (target.many and not conversion.split):
        yield from _outputs(tunes, "", {}, origin, conversion)
        return
    width = max(3, len(str(len(tunes))))
    for number, tune in enumerate(tunes, start=1):
        if only in (0, number):
            yield from _outputs([tune], f"-{number:0{width}}", {"number": number}, origin, conversion)


def write(
    tunes: Tune | Sequence[Tune],
    path: str | Path,
    *,
    force: bool = False,
    tempo: float | None = None,
    instrument: str = "",
    soundfont: str = "",
) -> tuple[str, ...]:
    """Write a tune, or several where the format holds many, as a score, a page or sound.

    Parameters
    ----------
    tunes : a Tune or several.
    path : the target; its ending says the kind. A picture of several pages gets a number
        before the ending of each further page.
    force : replace a file that exists.
    tempo : quarter notes a minute, or None for the tune's own.
    instrument : the instrument that plays, or an empty string for the tune's own.
    soundfont : a .sf2 or .sf3 file for sound, or an empty string.

    Returns
    -------
    What the target cannot hold, each in a few words.

    Raises
    ------
    UsageError : no kind has this ending, no tune is given, or several where the kind holds one.
    WriteError : the target exists and `force` is not set, or it cannot be written.
    """
    path = Path(path)
    target = target_named(path.suffix, source=str(path))
    refuse_existing(path, force=force)
    group = [tunes] if isinstance(tunes, Tune) else list(tunes)
    if not group:
        raise UsageError(f"there is no tune to write to {path}", hint="give at least one")
    if len(group) != 1 and not target.many:
        raise UsageError(
            f"a {target.name} file holds one tune and {len(group)} are given", hint="write each alone"
        )
    conversion = Conversion(target.name, tempo=tempo, instrument=instrument, soundfont=soundfont)
    made = Provenance(canzona.__version__, "write", options=conversion.to_dict()).to_json()
    prepared = [_prepared(tune, conversion) for tune in group]
    signed = [tune if tune.provenance else tune.replace(provenance=made) for tune in prepared]
    outputs = encode(signed, target, instrument=instrument, soundfont=soundfont)
    write_together(
        {path.with_name(path.stem + output.tail + path.suffix): output.data for output in outputs},
        force=force,
    )
    return tuple(dict.fromkeys(loss for output in outputs for loss in output.losses))


def _outputs(
    group: list[Tune], tail: str, place: dict[str, int], origin: Input, conversion: Conversion
) -> Iterator[Output | CanzonaError]:
    """What one tune, or several in one file, become; an error of theirs is an output too."""
    made = Provenance(canzona.__version__, "convert", options=conversion.to_dict() | place, inputs=(origin,))
    try:
        signed = [_prepared(tune, conversion).replace(provenance=_signed(made, tune)) for tune in group]
        look = {"instrument": conversion.instrument, "soundfont": conversion.soundfont}
        for output in encode(signed, conversion.target, **look):
            yield dataclasses.replace(output, tail=tail + output.tail)
    except UsageError:
        raise
    except CanzonaError as error:
        yield error


def _prepared(tune: Tune, conversion: Conversion) -> Tune:
    if conversion.unfold:
        tune = unfold(tune)
    if conversion.transpose:
        tune = transpose(tune, conversion.transpose)
    if conversion.tempo is not None:
        tune = tune.replace(tempo=Fraction(conversion.tempo).limit_denominator(10_000))
    if conversion.instrument:
        tune = tune.replace(instrument=conversion.instrument)
    return tune


def _signed(made: Provenance, tune: Tune) -> str:
    """How the output is made and, where the input says so in words that can be read, how that was."""
    if not tune.provenance:
        return made.to_json()
    try:
        return dataclasses.replace(made, earlier=Provenance.from_json(tune.provenance)).to_json()
    except (FormatError, UsageError):
        return made.to_json()
