"""Signs of ABC and what they are called in a Tune.

ABC writes a sign before its note: a letter (``~``, ``T``, ``.``) or a name between exclamation
marks (``!trill!``). A Tune says of what kind a sign is (ornament, articulation, dynamic,
fermata, text) and gives it the name that MusicXML uses.
"""

from __future__ import annotations

import re

from canzona.score.tune import Attachment, AttachmentKind

SHORTHANDS = {
    ".": "staccato", "~": "roll", "H": "fermata", "L": "accent", "M": "lowermordent", "O": "coda",
    "P": "uppermordent", "S": "segno", "T": "trill", "u": "upbow", "v": "downbow",
}  # fmt: skip
"""Decoration letters before a `U:` field changes them (ABC 2.1, section 4.16)."""

_SIGNS: dict[str, tuple[AttachmentKind, str]] = {
    "trill": ("ornament", "trill"),
    "mordent": ("ornament", "mordent"),
    "lowermordent": ("ornament", "mordent"),
    "pralltriller": ("ornament", "inverted-mordent"),
    "uppermordent": ("ornament", "inverted-mordent"),
    "turn": ("ornament", "turn"),
    "invertedturn": ("ornament", "inverted-turn"),
    "roll": ("ornament", "roll"),
    "staccato": ("articulation", "staccato"),
    "tenuto": ("articulation", "tenuto"),
    "accent": ("articulation", "accent"),
    ">": ("articulation", "accent"),
    "emphasis": ("articulation", "accent"),
    "^": ("articulation", "strong-accent"),
    "marcato": ("articulation", "strong-accent"),
    "wedge": ("articulation", "staccatissimo"),
    "breath": ("articulation", "breath-mark"),
    "upbow": ("articulation", "up-bow"),
    "downbow": ("articulation", "down-bow"),
    "snap": ("articulation", "snap-pizzicato"),
    "open": ("articulation", "open-string"),
    "thumb": ("articulation", "thumb-position"),
    "plus": ("articulation", "stopped"),
    "+": ("articulation", "stopped"),
    "fermata": ("fermata", "fermata"),
    "invertedfermata": ("fermata", "inverted"),
    "segno": ("text", "segno"),
    "coda": ("text", "coda"),
    "D.S.": ("text", "D.S."),
    "D.C.": ("text", "D.C."),
    "dacoda": ("text", "da coda"),
    "dacapo": ("text", "da capo"),
    "fine": ("text", "fine"),
    "crescendo(": ("dynamic", "crescendo"),
    "<(": ("dynamic", "crescendo"),
    "crescendo)": ("dynamic", "stop"),
    "<)": ("dynamic", "stop"),
    "diminuendo(": ("dynamic", "diminuendo"),
    ">(": ("dynamic", "diminuendo"),
    "diminuendo)": ("dynamic", "stop"),
    ">)": ("dynamic", "stop"),
    **{level: ("dynamic", level) for level in ("pppp", "ppp", "pp", "p", "mp", "mf")},
    **{level: ("dynamic", level) for level in ("f", "ff", "fff", "ffff", "sfz")},
}
_NAMES = {sign: name for name, sign in reversed(_SIGNS.items()) if name not in "<>^+"}
_NAME = re.compile(r"[A-Za-z0-9_.()<>^/+~-]{1,40}\Z")


def sign_named(name: str) -> Attachment:
    """What a decoration's name stands for; a name that ABC does not list is an ornament."""
    kind, text = _SIGNS.get(name, ("ornament", name))
    return Attachment(kind, text)


def is_sign_name(name: str) -> bool:
    """Whether the text between two exclamation marks can name a decoration."""
    return _NAME.match(name) is not None


def name_of_sign(sign: Attachment) -> str | None:
    """The decoration's name that reads as a sign, or None where ABC has none."""
    known = _NAMES.get((sign.kind, sign.text))
    if known is not None:
        return known
    if sign.kind == "ornament" and is_sign_name(sign.text) and sign.text not in _SIGNS:
        return sign.text
    return None
