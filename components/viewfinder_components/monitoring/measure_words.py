"""What each measure of drift is called, its unit, and what its rise or fall usually means."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from viewfinder_components.printable import make_printable

_MOST_LETTERS = 60
_NARROW = 3e-4  # of the value, or of 1: a bin of one value, which has edges on both sides of it


@dataclass(frozen=True)
class MeasureWords:
    """How people talk about a measure.

    Attributes:
        title: Its name.
        what: What is measured, with the unit and the range.
        fallen: What the photos are if its values fell, such as `darker`.
        risen: What they are if its values rose.
        fall_causes: What a fall usually comes from.
        rise_causes: What a rise usually comes from.
        write: Writes one value.
    """

    title: str
    what: str
    fallen: str = "lower"
    risen: str = "higher"
    fall_causes: str = ""
    rise_causes: str = ""
    write: Callable[[float], str] = "{:.3g}".format


def _write_pixels(value: float) -> str:
    return f"{value / 1e6:.3g} MP" if value >= 1e5 else f"{value:,.0f} px"


def _write_share(value: float) -> str:
    short = f"{100 * value:.3g}%"
    return f"{min(100 * value, 99.99):.4g}%" if short == "100%" and value < 1 else short


_MEASURES = {
    "brightness": MeasureWords(
        "brightness",
        "the mean of a photo's luma, from 0 (black) to 255 (white)",
        "darker",
        "brighter",
        "night, a lamp that is off, a dirty or covered lens, a shorter exposure",
        "sunlight, a flash, a longer exposure, a lighter background",
    ),
    "contrast": MeasureWords(
        "contrast",
        "the standard deviation of a photo's luma, from 0 (one shade) to 127.5",
        "flatter",
        "richer in contrast",
        "little light, fog, a dirty or fogged lens, a plain background",
        "harsh light, a flash, another processing in the camera",
    ),
    "sharpness": MeasureWords(
        "sharpness",
        "the mean absolute Laplacian at the model's size, from 0 (no edges) to 1,020",
        "less sharp",
        "sharper or noisier",
        "a camera out of focus, motion, a dirty lens, little light, enlarged photos",
        "noise in little light, sharpening in the camera, a more detailed background",
    ),
    "saturation": MeasureWords(
        "saturation",
        "the mean range of a pixel's red, green and blue, from 0 (grey) to 255",
        "paler",
        "more colourful",
        "little light, night vision in black and white, fog, another processing in the camera",
        "coloured light, another camera, other objects or another background",
    ),
    "warmth": MeasureWords(
        "warmth",
        "how much more red than blue there is, as a share of all light, from -1 to 1",
        "bluer",
        "redder",
        "daylight instead of lamps, another white balance or camera",
        "lamps instead of daylight, evening light, another white balance or camera",
    ),
    "tint": MeasureWords(
        "tint",
        "how much more green there is than red and blue, as a share of all light, from -0.5 to 1",
        "more purple",
        "greener",
        "another white balance or camera, violet light such as that of plant lamps",
        "fluorescent lamps, another white balance or camera, plants in the background",
    ),
    "pixels": MeasureWords(
        "pixels",
        "width times height of the file; MP stands for a million pixels",
        "smaller",
        "larger",
        "another camera, or a client that shrinks photos",
        "another camera, or a client that no longer shrinks photos",
        write=_write_pixels,
    ),
    "aspect": MeasureWords(
        "aspect ratio",
        "width divided by height; above 1 is landscape, below 1 portrait",
        "narrower",
        "wider",
        "phones held upright, another camera, another crop by the client",
        "phones held sideways, another camera, another crop by the client",
    ),
    "jpeg_quality": MeasureWords(
        "JPEG quality",
        "the quality at which the file was written, from 1 to 100; 0 is another format",
        "more compressed",
        "less compressed",
        "a client or a platform that compresses more, or another format such as PNG",
        "a client that compresses less, or that no longer sends another format",
    ),
    "confidence": MeasureWords(
        "confidence",
        "the probability of the most probable class",
        "less certain",
        "more certain",
        "photos unlike those of the training, an unknown class, worse photos",
        "easier photos, or many nearly equal ones",
        write=_write_share,
    ),
    "novelty": MeasureWords(
        "novelty",
        "how far a photo's features are from those of its class's photos",
        "more familiar",
        "more unfamiliar",
        "easier photos, or many nearly equal ones",
        "an unknown class, another camera, damaged photos, another kind of scene",
    ),
    "predicted": MeasureWords(
        "predicted class",
        "the share of each class in the predictions",
        fall_causes="other users, another season, an object that is taken for another",
        rise_causes="other users, another season, an object that is taken for another",
    ),
}


def find_words(measure: str) -> MeasureWords:
    """Return the words for a measure; of one that this release does not know, its name.

    Args:
        measure: Its name, as in `drift_reference`.
    """
    shown = make_printable(measure)[:_MOST_LETTERS]
    return _MEASURES.get(measure) or MeasureWords(shown, "a measure unknown to this release")


def describe_bin(measure: str, edges: Sequence[float], place: int) -> str:
    """Return the values of a bin in words, such as `96 to 120`.

    Args:
        measure: The measure's name.
        edges: The bins' edges, ascending; at least one.
        place: Which bin, from 0 to the number of edges.
    """
    write = find_words(measure).write
    if place == 0:
        is_other = measure == "jpeg_quality" and 0 < edges[0] <= 1
        return "no JPEG" if is_other else f"below {write(edges[0])}"
    if place == len(edges):
        is_beyond = len(edges) > 1 and _is_narrow(*edges[-2:])  # the value itself has its own bin
        return f"more than {write(edges[-1])}" if is_beyond else f"{write(edges[-1])} or more"
    low, high = edges[place - 1 : place + 1]
    if _is_narrow(low, high):
        middle = (low + high) / 2
        return "no JPEG" if measure == "jpeg_quality" and abs(middle) < _NARROW else write(middle)
    return f"{write(low)} to {write(high)}"


def _is_narrow(low: float, high: float) -> bool:
    return high - low <= _NARROW * max(abs(low + high) / 2, 1)
