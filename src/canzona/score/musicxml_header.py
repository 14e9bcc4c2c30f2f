"""The header of a MusicXML score: titles, people, rights, and what Humdrum calls records.

Records with a place of their own in MusicXML stand there; the others, and what else a `Tune`
holds that MusicXML lacks, are `<miscellaneous-field>`s named by their key. One such field
keeps the order of the records where the elements alone would not.
"""

from __future__ import annotations

from collections import Counter
from xml.etree.ElementTree import Element, SubElement

from canzona.score.musicxml_signs import CREATORS
from canzona.score.tune import Tune

SOFTWARE = "Canzona"

TEMPO_FIELD = "canzona-tempo"
"""Says that a tempo at the start is a sign of the first note and not the tune's own."""

_SINGLE = ("OTL", "OPR", "OMV", "OPS", "YEM", "SMS", "ENC", "END")
"""Records that MusicXML holds once."""

_OWN_FIELDS = ("comment", "canzona-order", "canzona-phrases", "canzona-expansion", "canzona-key", TEMPO_FIELD)
_CREATOR_NAMES = {"COM": "composer", "LYR": "lyricist", "LAR": "arranger", "TRN": "translator"}

Fields = list[tuple[str, str]]


def fields_of(root: Element) -> Fields:
    """All miscellaneous fields as (name, text), in their order."""
    found = root.iterfind("identification/miscellaneous/miscellaneous-field")
    return [(element.get("name", ""), element.text or "") for element in found]


def records_of(root: Element, fields: Fields) -> tuple[tuple[str, str], ...]:
    """The reference records of a score as (Humdrum key, value)."""
    records = [(key, text) for key, text in _native_records(root) if text]
    records += [(key, text) for key, text in fields if key and key not in _OWN_FIELDS]
    order = next((text.split() for key, text in fields if key == "canzona-order"), [])
    return tuple(_ordered(records, order))


def _native_records(root: Element) -> Fields:
    def text(path: str) -> str:
        return (root.findtext(path) or "").strip()

    work, movement = text("work/work-title"), text("movement-title")
    records = [("OTL", movement or work), ("OPR", work if movement and movement != work else "")]
    records += [("OMV", text("movement-number")), ("OPS", text("work/work-number"))]
    for creator in root.iterfind("identification/creator"):
        records.append((CREATORS.get(creator.get("type", ""), "COM"), (creator.text or "").strip()))
    records += [("YEM", (rights.text or "").strip()) for rights in root.iterfind("identification/rights")]
    records.append(("SMS", text("identification/source")))
    encoders = root.iterfind("identification/encoding/encoder")
    records += [("ENC", (name.text or "").strip()) for name in encoders]
    records.append(("END", text("identification/encoding/encoding-date")))
    records += [("relation", (link.text or "").strip()) for link in root.iterfind("identification/relation")]
    if not records[0][1]:
        records[0] = ("OTL", _credited_title(root))
    return records


def _credited_title(root: Element) -> str:
    """The title as printed on the first page, where a program wrote it nowhere else."""
    for credit in root.iterfind("credit"):
        if (credit.findtext("credit-type") or "").strip() == "title":
            return (credit.findtext("credit-words") or "").strip()
    return ""


def _ordered(records: Fields, order: list[str]) -> Fields:
    """Records in a stated order of keys; those that it does not name come last."""
    if not order:
        return records
    waiting: dict[str, Fields] = {}
    for record in records:
        waiting.setdefault(record[0], []).append(record)
    for found in waiting.values():
        found.reverse()
    stated = [waiting[key].pop() for key in order if waiting.get(key)]
    return stated + [record for key in waiting for record in reversed(waiting[key])]


def write_header(root: Element, tune: Tune, extra: Fields) -> None:
    """Append titles, identification and fields to `<score-partwise>`.

    Parameters
    ----------
    root : the empty root element.
    tune : the tune that is written.
    extra : further fields, written as they are.
    """
    native, others = _divided(tune.records)
    single = dict(pair for pair in native if pair[0] in _SINGLE)
    if "OPS" in single or "OPR" in single:
        work = SubElement(root, "work")
        _leaf(work, "work-number", single.get("OPS", ""))
        _leaf(work, "work-title", single.get("OPR", ""))
    _leaf(root, "movement-number", single.get("OMV", ""))
    _leaf(root, "movement-title", single.get("OTL", ""))
    identification = SubElement(root, "identification")
    for key, text in native:
        if key in _CREATOR_NAMES:
            SubElement(identification, "creator", {"type": _CREATOR_NAMES[key]}).text = text
    _leaf(identification, "rights", single.get("YEM", ""))
    encoding = SubElement(identification, "encoding")
    _leaf(encoding, "encoding-date", single.get("END", ""))
    _leaf(encoding, "encoder", single.get("ENC", ""))
    SubElement(encoding, "software").text = SOFTWARE
    _leaf(encoding, "encoding-description", tune.provenance)
    _leaf(identification, "source", single.get("SMS", ""))
    fields = others + [("comment", text) for text in tune.comments] + extra
    order = [key for key, _ in tune.records]
    if _ordered(native + others, []) != list(tune.records) and not any(" " in key for key in order):
        fields.append(("canzona-order", " ".join(order)))
    if fields:
        miscellaneous = SubElement(identification, "miscellaneous")
        for name, text in fields:
            SubElement(miscellaneous, "miscellaneous-field", {"name": name}).text = text


def _divided(records: tuple[tuple[str, str], ...]) -> tuple[Fields, Fields]:
    """Records that have an element of their own, in the order in which they are read, and the rest."""
    native: Fields = []
    others: Fields = []
    counts: Counter[str] = Counter()
    refused: set[str] = set()
    title = next((text for key, text in records if key == "OTL"), "").strip()
    for key, text in records:
        counts[key] += 1
        held = key in _CREATOR_NAMES or (key in _SINGLE and counts[key] == 1)
        if key == "OPR" and title in ("", text):  # a work's title alone is read as the tune's
            held = False
        held = held and key not in refused and text == text.strip() != ""
        (native if held else others).append((key, text))
        if not held:  # those that follow under the same key have to come after it
            refused.add(key)
    read_order = ("OTL", "OPR", "OMV", "OPS", "COM", "YEM", "SMS", "ENC", "END")
    native.sort(key=lambda pair: read_order.index("COM" if pair[0] in _CREATOR_NAMES else pair[0]))
    return native, others


def _leaf(parent: Element, name: str, text: str) -> None:
    if text:
        SubElement(parent, name).text = text
