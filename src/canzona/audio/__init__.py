"""Audio files and measures of sound.

`files` writes wav, flac, ogg and mp3 with their metadata; `loudness` measures after
ITU-R BS.1770. Audio is float32 of shape (channels, samples), full scale 1.0.
"""

from canzona.audio.files import AUDIO_SUFFIXES, Tags, encode_audio
from canzona.audio.loudness import LoudnessMeter, integrated_loudness, true_peak

__all__ = ["AUDIO_SUFFIXES", "LoudnessMeter", "Tags", "encode_audio", "integrated_loudness", "true_peak"]
