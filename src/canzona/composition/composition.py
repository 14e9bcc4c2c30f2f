"""The result of composing: a tune with how it was made and what can be said of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from canzona.composition.originality import CopiedRun
from canzona.conversion import Conversion
from canzona.conversion.targets import encode, target_named
from canzona.errors import UsageError
from canzona.files import refuse_existing, write_together
from canzona.score.provenance import Provenance
from canzona.score.tune import Tune

if TYPE_CHECKING:
    from canzona.composition.model import ComposerModel


@dataclass(frozen=True)
class Composition:
    """One new tune.

    Attributes
    ----------
    tune : the tune; for a continuation the given notes come first.
    given : the tune that it opens like or goes on from, or None.
    provenance : version, model, seed and options.
    warnings : what the user should know, a sentence each.
    bits_per_note : mean bits of duration and pitch of the new notes under the model.
    copied : the longest run shared with a training tune.
    percentile : how many of 100 training tunes share no longer run with another family.
    """

    tune: Tune
    given: Tune | None
    provenance: Provenance
    warnings: tuple[str, ...]
    bits_per_note: float
    copied: CopiedRun
    percentile: float
    model: ComposerModel = field(repr=False, compare=False)

    @property
    def seed(self) -> int:
        """The seed it was drawn from."""
        return int(self.provenance.seed or 0)

    @property
    def number(self) -> int:
        """Its number among the tunes of that seed, from 1."""
        return int(self.provenance.options["number"])

    def to_bytes(
        self, kind: str, *, tempo: float | None = None, instrument: str = "", soundfont: str = ""
    ) -> bytes:
        """The tune as a file's bytes.

        Parameters
        ----------
        kind : an ending or a name: 'krn', '.abc', 'musicxml', 'mid', 'svg', 'png', 'pdf', 'wav' ...
        tempo : quarter notes a minute, 5 to 1000, or None for the kind's own.
        instrument : the instrument that plays, or an empty string for the default.
        soundfont : a .sf2 or .sf3 file, for sound; an empty string for none.

        Raises
        ------
        UsageError : there is no such kind, the tempo or instrument makes no sense, or a picture
            would have several pages.
        """
        target = target_named(kind)
        tune = self._labelled(target.name, tempo=tempo, instrument=instrument, soundfont=soundfont)
        outputs = encode([tune], target, instrument=instrument, soundfont=soundfont)
        if len(outputs) != 1:
            raise UsageError(
                f"the tune fills {len(outputs)} pages and one {target.name} holds one", hint="write a pdf"
            )
        return outputs[0].data

    def _labelled(self, name: str, *, tempo: float | None, instrument: str, soundfont: str) -> Tune:
        """The tune, with how a file of it in this look was made."""
        look = Conversion(name, tempo=tempo, instrument=instrument, soundfont=soundfont).to_dict()
        del look["to"]
        made = replace(
            self.provenance, options={**self.provenance.options, **({"file": look} if look else {})}
        )
        tune = self.tune.replace(provenance=made.to_json())
        if tempo is not None:
            tune = tune.replace(tempo=Fraction(tempo).limit_denominator(10_000))
        return tune.replace(instrument=instrument) if instrument else tune

    @property
    def goes_on(self) -> bool:
        """True for a continuation of the given tune."""
        return "continue" in self.provenance.options

    def given_bytes(self, kind: str) -> bytes:
        """The given tune as a score file's bytes; UsageError where there is none."""
        if self.given is None:
            raise UsageError("the tune was written from nothing given")
        return encode([self.given], target_named(kind))[0].data

    def save(self, path: str | Path, *, force: bool = False, **look: Any) -> Path:
        """Write the tune; the path's ending chooses the format (see `to_bytes`).

        Raises
        ------
        UsageError : no format has this ending.
        WriteError : the file exists and `force` is not set, or it cannot be written.
        """
        path = Path(path)
        target = target_named(path.suffix, source=str(path))
        refuse_existing(path, force=force)
        write_together({path: self.to_bytes(target.name, **look)}, force=force)
        return path

    def to_dict(self) -> dict[str, Any]:
        """What can be said of it, as plain values."""
        key, meter = self.tune.key, self.tune.meter
        return {
            "title": self.tune.title,
            "key": str(key) if key else None,
            "meter": str(meter) if meter else None,
            "bars": len(self.tune.bars) - bool(self.tune.pickup),
            "notes": len(self.tune.notes),
            "bits_per_note": self.bits_per_note,
            "longest_copy": self.copied.length,
            "longest_copy_percentile": self.percentile,
            "copied_from": self.copied.name,
            "warnings": list(self.warnings),
            **self.provenance.to_dict(),
        }

    def __repr__(self) -> str:
        return f"<Composition {self.tune!r}, seed {self.seed}, longest copied run {self.copied.length} notes>"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        """Score, player and text for a notebook."""
        from canzona.render.page import notebook_view

        return notebook_view(self.tune)


def joined_bytes(
    found: Sequence[Composition], kind: str, *, tempo: float | None = None, instrument: str = ""
) -> bytes:
    """Several tunes as one score file's bytes.

    Parameters
    ----------
    found : the tunes.
    kind : a format that holds many, such as 'abc'.
    tempo, instrument : as for `Composition.to_bytes`.

    Raises
    ------
    UsageError : a file of this kind holds one tune.
    """
    target = target_named(kind)
    if len(found) > 1 and not target.many:
        raise UsageError(f"one {target.name} holds one tune and there are {len(found)}",
                         hint="write a file for each")  # fmt: skip
    look: dict[str, Any] = {"tempo": tempo, "instrument": instrument, "soundfont": ""}
    return encode([each._labelled(target.name, **look) for each in found], target)[0].data
