"""Text in ABC: what encoding a file has, comments, and letters that are spelled with a backslash.

ABC 2.1 (section 8.2) lets a text string name a letter by mnemonic (``\\"u``), by HTML entity
(``&uuml;``) or by code point (``\\u00fc``). We read all three and write UTF-8, with a backslash
before the characters that would otherwise begin one of them or a comment.
"""

from __future__ import annotations

import codecs
import html
import re
import unicodedata

_COMBINING = {
    "`": "\u0300", "'": "\u0301", "^": "\u0302", "~": "\u0303", '"': "\u0308", "c": "\u0327",
    ",": "\u0327", "u": "\u0306", "v": "\u030c", "H": "\u030b", ";": "\u0328", "=": "\u0304",
    ".": "\u0307",
}  # fmt: skip
_LIGATURES = {
    "AA": "Å", "aa": "å", "oa": "å", "oA": "Å", "/O": "Ø", "/o": "ø", "ss": "ß", "AE": "Æ", "ae": "æ",
    "OE": "Œ", "oe": "œ", "DH": "Ð", "dh": "ð", "TH": "Þ", "th": "þ",
}  # fmt: skip
_SPELLED = re.compile(
    r"\\u([0-9a-fA-F]{4})|\\U([0-9a-fA-F]{8})|\\(AA|aa|oa|oA|/O|/o|ss|AE|ae|OE|oe|DH|dh|TH|th)"
    r"|\\([`'^~\"c,uvH;=.])([A-Za-z])|\\(.)|(&(?:[A-Za-z][A-Za-z0-9]{1,31}|#[0-9]{1,7}|#x[0-9a-fA-F]{1,6});)"
)
_COMMENT = re.compile(r"(?<!\\)((?:\\\\)*)%")


def decode_bytes(data: bytes) -> str:
    """The text of a file: UTF-8 or UTF-16 with a mark, else UTF-8, else Windows-1252, else Latin-1."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "replace")
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1")


def split_comment(line: str) -> tuple[str, str | None]:
    """A line without its comment, and the comment (None where there is none)."""
    if "%" not in line:
        return line, None
    found = _COMMENT.search(line)
    if found is None:
        return line, None
    return line[: found.end() - 1], line[found.end() :].strip()


def decode_text(text: str) -> str:
    """A text string with its mnemonics, entities and code points read."""
    if "\\" not in text and "&" not in text:
        return text
    return _SPELLED.sub(_letter, text)


def encode_text(text: str, also: str = "") -> str:
    """A text string that `decode_text` reads back; the characters of `also` are given by code point."""
    if not any(sign in text for sign in "\\%&\n\r" + also):
        return text
    return "".join(_spelling(letter, also) for letter in text)


def _letter(found: re.Match[str]) -> str:
    short, long, ligature, accent, letter, other, entity = found.groups()
    if short or long:
        return _code_point(int(short or long, 16), found.group())
    if ligature:
        return _LIGATURES[ligature]
    if accent:
        joined = unicodedata.normalize("NFC", letter + _COMBINING[accent])
        return joined if len(joined) == 1 else found.group()
    if entity:
        return html.unescape(entity)
    return str(other)


def _code_point(point: int, spelled: str) -> str:
    return chr(point) if point < 0xD800 or 0xDFFF < point < 0x110000 else spelled


def _spelling(letter: str, also: str) -> str:
    if letter in also or letter in "\n\r":
        return f"\\u{ord(letter):04x}"
    return f"\\{letter}" if letter in "\\%&" else letter
