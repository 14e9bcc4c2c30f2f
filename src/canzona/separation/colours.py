"""A colour map for levels: from near-black through violet and orange to pale yellow, in even steps.

The path runs through OKLab (Björn Ottosson, "A perceptual color space for image processing", 2020), where
equal distances look equal: lightness rises all the way, and the map is cut into steps of one length.
So a picture in it reads the same in grey, and no level seems to have an edge that it has not.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

_STEPS = 256

# Lightness, chroma and hue in degrees at some places of the path.
_PLACES = np.array([0.0, 0.25, 0.5, 0.75, 1.0])
_LIGHTNESS = np.array([0.14, 0.34, 0.56, 0.77, 0.97])
_CHROMA = np.array([0.02, 0.14, 0.17, 0.145, 0.06])
_HUE = np.array([285.0, 300.0, 368.0, 418.0, 465.0])

_TO_CONES = np.array(
    [
        [1.0, 0.3963377774, 0.2158037573],
        [1.0, -0.1055613458, -0.0638541728],
        [1.0, -0.0894841775, -1.2914855480],
    ]
)
_TO_LINEAR_RGB = np.array(
    [
        [4.0767416621, -3.3077115913, 0.2309699292],
        [-1.2684380046, 2.6097574011, -0.3413193965],
        [-0.0041960863, -0.7034186147, 1.7076147010],
    ]
)


@cache
def level_colours() -> npt.NDArray[np.uint8]:
    """The map: sRGB of shape (256, 3), from the softest to the loudest."""
    fine = np.linspace(0, 1, 4096)
    lab = _oklab(fine)
    travelled = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(lab, axis=0), axis=1))])
    even = np.interp(np.linspace(0, travelled[-1], _STEPS), travelled, fine)
    return _srgb(_oklab(even))


def coloured(levels: npt.NDArray[np.floating], lowest: float, highest: float) -> npt.NDArray[np.uint8]:
    """Levels as colours.

    Parameters
    ----------
    levels : any shape, in dB or whatever the ends are in.
    lowest, highest : the levels of the map's ends; what lies beyond gets their colours.

    Returns
    -------
    uint8 of shape (..., 3), sRGB.
    """
    part = (levels - lowest) / (highest - lowest)
    picture: npt.NDArray[np.uint8] = level_colours()[np.clip(part * (_STEPS - 1), 0, _STEPS - 1).astype(int)]
    return picture


def _oklab(place: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Points of the path, shape (n, 3)."""
    lightness, chroma = np.interp(place, _PLACES, _LIGHTNESS), np.interp(place, _PLACES, _CHROMA)
    hue = np.deg2rad(np.interp(place, _PLACES, _HUE))
    return np.stack([lightness, chroma * np.cos(hue), chroma * np.sin(hue)], axis=-1)


def _srgb(lab: npt.NDArray[np.float64]) -> npt.NDArray[np.uint8]:
    linear = np.clip((lab @ _TO_CONES.T) ** 3 @ _TO_LINEAR_RGB.T, 0, 1)
    curved = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.asarray(np.rint(255 * curved), np.uint8)
