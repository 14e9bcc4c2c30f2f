"""Sound: files, their samples, rates and spectra, and measures of loudness.

`files` makes small files in memory and `loudness` measures after ITU-R BS.1770; their names stand here.
What long sounds need is imported from its own module, so that nobody pays for it who composes:
`reading` opens sound files block by block and `writing` makes them so (`formats` names their kinds,
`encoding` says how they hold samples), `resample` changes the rate, `spectra` has the STFT and mel
filters. Audio is of shape (channels, samples), full scale 1.0.
"""

from canzona.audio.files import AUDIO_SUFFIXES, encode_audio
from canzona.audio.loudness import LoudnessMeter, integrated_loudness, true_peak
from canzona.audio.tags import Tags

__all__ = ["AUDIO_SUFFIXES", "LoudnessMeter", "Tags", "encode_audio", "integrated_loudness", "true_peak"]
