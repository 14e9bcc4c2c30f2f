"""Another stream number for an Ogg file, so that equal sound gives equal bytes.

Encoders number a stream at random, and each page's checksum covers the number. The checksum is a
linear function of the page's bits (RFC 3533: polynomial 0x04c11db7, start 0, no complement), so it
changes by the checksum of the number's change alone, whatever else the page holds.
"""

from __future__ import annotations

import struct
from functools import lru_cache
from typing import BinaryIO

_HEAD = 27
_NUMBER = slice(14, 18)
_CHECKSUM = slice(22, 26)
_POLYNOMIAL = 0x04C11DB7


def set_stream_number(file: BinaryIO, number: int) -> None:
    """Give every page of an Ogg file that holds one stream another number, in place.

    Parameters
    ----------
    file : open for reading, writing and seeking; it is read from its start to its last page.
    number : 0 to 2^32 - 1.
    """
    file.seek(0)
    at = 0
    while len(head := bytearray(file.read(_HEAD))) == _HEAD and head[:4] == b"OggS":
        body = sum(file.read(head[26]))
        length = _HEAD + head[26] + body
        (old,) = struct.unpack("<I", head[_NUMBER])
        (checksum,) = struct.unpack("<I", head[_CHECKSUM])
        # The lowest byte of the number comes first, and the checksum takes a byte's highest bit first.
        change = int.from_bytes(struct.pack("<I", old ^ number), "big")
        head[_NUMBER] = struct.pack("<I", number)
        head[_CHECKSUM] = struct.pack("<I", checksum ^ _product(change, _power(8 * (length - 14))))
        file.seek(at)
        file.write(head)
        at += length
        file.seek(at)


@lru_cache(maxsize=65536)
def _power(exponent: int) -> int:
    """x to a power, modulo the polynomial."""
    power, square = 1, 2
    while exponent:
        if exponent & 1:
            power = _product(power, square)
        square = _product(square, square)
        exponent >>= 1
    return power


def _product(one: int, other: int) -> int:
    """The product of two polynomials over GF(2), modulo the polynomial."""
    result = 0
    for place in reversed(range(32)):
        result <<= 1
        if result >> 32:
            result ^= _POLYNOMIAL | 1 << 32
        if other >> place & 1:
            result ^= one
    return result
