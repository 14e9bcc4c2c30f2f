"""Keys and meters: the `<key>` and `<time>` of MusicXML, both ways.

A `<key>` holds a conventional signature with a mode, or any signature without one. What a
`Key` holds beyond that (a tonic beside a signature of another key, a source that writes no
signature) goes into a field of its own, named by its onset.
"""

from __future__ import annotations

import json
from fractions import Fraction
from xml.etree.ElementTree import Element, SubElement

from canzona.score.musicxml_document import Fault
from canzona.score.musicxml_signs import (
    ACCIDENTAL_NAMES,
    ACCIDENTALS,
    decimal,
    is_conventional,
    key_of,
    meter_of,
    meter_parts,
    number,
)
from canzona.score.tune import STEPS, Key, Meter

KEY_FIELD = "canzona-key"


def read_key(element: Element) -> Key:
    """The key of a `<key>`; Fault where it is none."""
    mode = (element.findtext("mode") or "").strip().lower()
    if element.find("key-step") is None:
        fifths = number(element.findtext("fifths") or "0")
        if fifths is None or fifths.denominator != 1 or abs(fifths) > 14:
            raise Fault("a key has no number of fifths", element, "expected -7 to 7")
        key = key_of(int(fifths), mode)
        hidden = element.get("print-object") == "no" and key.tonic
        return Key(key.tonic, key.tonic_alter, key.mode) if hidden else key
    signature: list[tuple[str, Fraction]] = []
    for child in element:
        text = (child.text or "").strip()
        if child.tag == "key-step" and text:
            signature.append((text[:1], Fraction(0)))
        elif child.tag == "key-alter" and signature:
            alter = number(text)
            if alter is None or abs(alter) > 12:
                raise Fault("a key alters by no number of semitones", child, "expected -2 to 2")
            signature[-1] = (signature[-1][0], alter)
        elif child.tag == "key-accidental" and signature and text in ACCIDENTALS:
            # The Turkish collection counts <key-alter> in commas; the sign itself is right.
            signature[-1] = (signature[-1][0], ACCIDENTALS[text])
    return Key(mode=mode, signature=tuple(signature))


def read_meter(element: Element) -> Meter:
    """The meter of a `<time>`; Fault where it is none."""
    free = element.find("senza-misura")
    if free is not None:
        return Meter(0, 1, symbol=(free.text or "").strip() or "X")
    beats = [child.text or "" for child in element.iterfind("beats")]
    units = [child.text or "" for child in element.iterfind("beat-type")]
    meter = meter_of(list(zip(beats, units, strict=False)), element.get("symbol", ""))
    if meter is None:
        raise Fault("a time signature is no meter", element, "expected numbers such as 3 and 4")
    return meter


def write_key(parent: Element, key: Key) -> None:
    """Append a `<key>`, with the signature that its tonic and mode have where its source writes none."""
    element = SubElement(parent, "key")
    if is_conventional(key):
        SubElement(element, "fifths").text = str(key.fifths)
        if key.mode:
            SubElement(element, "mode").text = key.mode
        return
    for letter, alter in key.signature or ():
        SubElement(element, "key-step").text = letter
        SubElement(element, "key-alter").text = decimal(alter)
        if alter in ACCIDENTAL_NAMES:
            SubElement(element, "key-accidental").text = ACCIDENTAL_NAMES[alter]


def write_meter(parent: Element, meter: Meter) -> None:
    """Append a `<time>`."""
    element = SubElement(parent, "time")
    if meter.is_free:
        SubElement(element, "senza-misura").text = meter.symbol
        return
    if meter.symbol.lower() in ("c", "c|"):
        element.set("symbol", "common" if meter.symbol.lower() == "c" else "cut")
    SubElement(element, "beats").text = meter_parts(meter)
    SubElement(element, "beat-type").text = str(meter.unit)


def key_fields(keys: tuple[tuple[Fraction, Key], ...]) -> list[tuple[str, str]]:
    """The fields that state what a `<key>` cannot, for those keys that need one."""
    fields = []
    for onset, key in keys:
        parent = Element("attributes")
        write_key(parent, key)
        if read_key(parent[0]) != key:
            written = "unwritten" if key.signature is None else "written"
            words = [str(onset), key.tonic, str(key.tonic_alter), key.mode, written]
            fields.append((KEY_FIELD, json.dumps(words)))
    return fields


def stated_keys(
    keys: tuple[tuple[Fraction, Key], ...], fields: list[tuple[str, str]]
) -> tuple[tuple[Fraction, Key], ...]:
    """Keys completed by what the fields of `key_fields` state; a field that makes no sense is passed over."""
    found = dict(keys)
    for field, text in fields:
        words = _words(text) if field == KEY_FIELD else []
        onset = _onset(words[0]) if len(words) == 5 else None
        alter = number(words[2]) if onset is not None else None
        if onset not in found or alter is None:
            continue
        if abs(alter) <= 2 and words[1] in ("", *STEPS):
            signature = None if words[4] == "unwritten" else found[onset].signature
            found[onset] = Key(words[1], int(alter), words[3], signature)
    return tuple(found.items())


def _words(text: str) -> list[str]:
    try:
        value = json.loads(text) if len(text) < 10_000 else []
    except (ValueError, RecursionError):
        return []
    return value if isinstance(value, list) and all(isinstance(word, str) for word in value) else []


def _onset(text: str) -> Fraction | None:
    top, _, bottom = text.partition("/")
    bottom = bottom or "1"
    if len(text) > 40 or not (text.isascii() and top.isdigit() and bottom.isdigit() and int(bottom)):
        return None
    return Fraction(int(top), int(bottom))
