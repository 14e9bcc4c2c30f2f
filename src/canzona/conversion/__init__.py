"""Tunes into files of every kind that we write: scores, pages and sound.

`targets` knows the kinds and makes the bytes, `tune_file` turns one file into others and
writes a Tune, `batch` goes over folders with several processes.
"""

from canzona.conversion.batch import Report, convert, convert_all, convert_file, read_input
from canzona.conversion.targets import Output, Target, target_named, target_names
from canzona.conversion.tune_file import Conversion, convert_bytes, write

__all__ = [
    "Conversion",
    "Output",
    "Report",
    "Target",
    "convert",
    "convert_all",
    "convert_bytes",
    "convert_file",
    "read_input",
    "target_named",
    "target_names",
    "write",
]
