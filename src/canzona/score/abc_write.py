"""Write Tunes as ABC 2.1.

One phrase stands on each line. What was written is read back, and what differs stands in the
losses.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from fractions import Fraction

from canzona.score.abc_assemble import bar_numbers
from canzona.score.abc_body import BodyWriter
from canzona.score.abc_fields import key_text, parse_order, write_meter, write_tempo
from canzona.score.abc_read import FIELDS_OF_RECORDS
from canzona.score.abc_text import decode_text, encode_text, split_comment
from canzona.score.tune import Tune

_LETTERS = {key: letter for letter, key in reversed(FIELDS_OF_RECORDS.items())} | {k: k for k in "EJWY"}


def written_tune(tune: Tune, place: int) -> str:
    """A tune as ABC text that ends with a line end; `place` is its place in the file, from 1."""
    numbers, counted = _numbers(tune)
    body = BodyWriter(tune, numbers, starts_counted=counted and _is_numbered(tune))
    lines = [*_reference(tune, place), *_comments(tune)]
    if tune.provenance:
        lines.insert(1, f"%%canzona {tune.provenance}")
    lines += [f"%%canzona-phrases {tune.phrasing}", *_flags(tune, counted)]
    for name, labels in tune.expansions:
        lines.append(_order(name, labels))
    if tune.meters and not tune.meters[0][0]:
        lines.append(f"M:{write_meter(tune.meters[0][1])}")
    lines.append(f"L:1/{4 / body.unit}")
    if tune.tempo is not None:
        lines.append(f"Q:{write_tempo(tune.tempo) or f'1/4={max(1, round(tune.tempo))}'}")
    if tune.instrument:
        lines.append(f'V:1 name="{encode_text(tune.instrument, chr(34))}"')
    known = tune.keys and not tune.keys[0][0]
    lines.append(f"K:{key_text(tune.keys[0][1]) if known else 'none'}")
    lines += body.lines()
    return "\n".join(lines) + "\n"


def _reference(tune: Tune, place: int) -> Iterator[str]:
    """X:, T: and the other records, in their order."""
    records = list(tune.records)
    number = str(place)
    if records and records[0][0] == "SCT" and records[0][1].isdecimal() and records[0][1] != number:
        number = records.pop(0)[1]
    yield f"X:{number}"
    titled = False
    if all(key != "OTL" for key, _ in records):
        yield "T:"
    for key, value in records:
        letter = _LETTERS.get(key, "")
        if (key == "OTL" and not titled) or (key == "OTA" and titled):
            letter = "T"
        field = encode_text(value)
        if letter and value and decode_text(split_comment(field)[0].strip()) == value:
            titled = titled or letter == "T"
            yield f"{letter}:{field}"
        else:
            titled = titled or key == "OTL"
            yield f"%%canzona-record {json.dumps([key, value], ensure_ascii=False)}"


def _comments(tune: Tune) -> Iterator[str]:
    for comment in tune.comments:
        if comment and comment.strip() == comment and not any(end in comment for end in "\r\n"):
            yield f"% {comment}"
        else:
            yield f"%%canzona-comment {json.dumps(comment, ensure_ascii=False)}"


def _order(name: str, labels: tuple[str, ...]) -> str:
    """A play order, as a P: field where its labels are single letters."""
    text = "".join(labels)
    if not name and labels and all(len(label) == 1 for label in labels) and text.isascii() and text.isalpha():
        try:
            if parse_order(text) == labels:
                return f"P:{text}"
        except ValueError:
            pass
    return f"%%canzona-order {json.dumps([name, labels], ensure_ascii=False)}"


def _flags(tune: Tune, counted: bool) -> Iterator[str]:
    """What of bar numbers and keys is other than our reader would take it."""
    if tune.barlines and not _is_numbered(tune):
        yield "%%canzona-bars unnumbered"
    elif tune.barlines and tune.barlines[0].onset and counted:
        yield "%%canzona-bars unopened"
    keys = []
    if not tune.keys or tune.keys[0][0]:
        keys.append("unknown")
    tonal = [key for _, key in tune.keys if key.tonic]
    if any(key.signature is None for key in tonal):
        keys.append("named")
    if keys:
        yield f"%%canzona-keys {' '.join(keys)}"


def _is_numbered(tune: Tune) -> bool:
    return any(line.number or line.suffix for line in tune.barlines)


def _numbers(tune: Tune) -> tuple[dict[Fraction, str], bool]:
    """Bar numbers that counting does not give, by onset; and whether counting numbers the first bar."""
    if not tune.barlines:
        return {}, False
    starts = [line.onset for line in tune.barlines]
    wanted: list[int | None] = [line.number for line in tune.barlines]
    labels = [f"{line.number}{line.suffix}" for line in tune.barlines]
    given = {place: line.number for place, line in enumerate(tune.barlines) if line.suffix}
    if starts[0]:
        starts, wanted, labels = [Fraction(0), *starts], [None, *wanted], ["", *labels]
        given = {place + 1: number for place, number in given.items()}
    numbers = bar_numbers(starts, tune.duration, tune.meters, given, wanted)
    if not _is_numbered(tune):
        given = {}
    return {starts[place]: labels[place] for place in given}, numbers[0] != 0
