"""Measured text: how wide words are, where lines break, how labels make room."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate

from evaluation.reporting.charts.style import FACES, PNG_DPI, TEXT_SIZE, register_fonts

LINE = 1.28
_POINTS_PER_INCH = 72
_NARROWER = (0.92, 0.84, 0.76, 0.68)
_BREAK = re.compile(r"(?<= )|(?<=/)|(?<=[^\W\d_]{4}-)(?=[^\W\d_]{4})")
_CAPITAL = 0.69
_LETTER = 0.46
"""About how wide a letter is in ems; where the count of words on a line starts."""


def clean(text: object) -> str:
    """Return a value as one line of printable text.

    Line ends, tabs and control characters become single spaces, so that a
    name from the data can neither break the layout nor the SVG.
    """
    printable = (c if c.isprintable() else " " for c in str(text))
    return " ".join("".join(printable).split())


def line_height(size: float = TEXT_SIZE) -> float:
    """Return the height of one line of text in inches."""
    return size * LINE / _POINTS_PER_INCH


def baseline(size: float = TEXT_SIZE) -> float:
    """Return how far beneath the top of its line a text stands, in inches."""
    return (LINE + _CAPITAL) / 2 * size / _POINTS_PER_INCH


@lru_cache(maxsize=8192)
def text_width(text: str, size: float = TEXT_SIZE, weight: str = "normal") -> float:
    """Return the width of one line of text in inches."""
    if not text:
        return 0.0
    from matplotlib.font_manager import FontProperties

    font = FontProperties(family=FACES[weight], size=size)
    width, _, _ = _renderer().get_text_width_height_descent(text, font, ismath=False)
    return width / PNG_DPI


@lru_cache(maxsize=1)
def _renderer():
    from matplotlib.backends.backend_agg import RendererAgg

    register_fonts()
    return RendererAgg(1, 1, PNG_DPI)


def widest(lines: Sequence[str], size: float = TEXT_SIZE, weight: str = "normal") -> float:
    """Return the width of the widest line in inches."""
    return max((text_width(line, size, weight) for line in lines), default=0.0)


def wrap(text: object, width: float, size: float = TEXT_SIZE, weight: str = "normal") -> list[str]:
    """Break text into lines no wider than `width` inches.

    Lines break at spaces, after slashes and hyphens between long parts, and
    inside a word only when the word alone is wider than the line. A last line
    of one word is avoided where that costs no line.
    """
    lines = _broken(clean(text), width, size, weight)
    for share in _NARROWER if len(lines) > 1 else ():
        if " " in lines[-1]:
            break
        closer = _broken(clean(text), share * width, size, weight)
        if len(closer) == len(lines) and " " in closer[-1]:
            return closer
    return lines


def _broken(text: str, width: float, size: float, weight: str) -> list[str]:
    lines, pieces = [], _pieces(text)
    while pieces:
        count, word = _fitting(pieces, width, size, weight), pieces[0]
        if not count and len(word.rstrip()) > 1:
            head = _longest_head(word, width, size, weight)
            lines.append(head)
            pieces[0] = word[len(head) :]
            continue
        count = max(count, 1)
        lines.append("".join(pieces[:count]).rstrip())
        pieces = pieces[count:]
    return [line for line in lines if line]


def _fitting(pieces: list[str], width: float, size: float, weight: str) -> int:
    """Count the pieces that go on one line.

    More words make no line narrower, and measuring costs as much as a line is long: the
    count starts where a line of so many letters usually ends, and goes up or down from there.
    """

    def fits(count: int) -> bool:
        return text_width("".join(pieces[:count]).rstrip(), size, weight) <= width

    letters = width * _POINTS_PER_INCH / (_LETTER * size)
    count = max(1, bisect_right(list(accumulate(map(len, pieces))), letters))
    if fits(count):
        while count < len(pieces) and fits(count + 1):
            count += 1
        return count
    while count and not fits(count):
        count -= 1
    return count


def _pieces(text: str) -> list[str]:
    return [piece for piece in _BREAK.split(text) if piece]


def _longest_head(word: str, width: float, size: float, weight: str) -> str:
    length = 1
    while length < len(word) and text_width(word[: length + 1], size, weight) <= width:
        length += 1
    return word[:length]


def longest_word(text: object, size: float = TEXT_SIZE, weight: str = "normal") -> float:
    """Return the width in inches below which :func:`wrap` must cut into a word."""
    return widest([piece.rstrip() for piece in _pieces(clean(text))], size, weight)


def keep_apart(
    centres: Sequence[float], widths: Sequence[float], first: Sequence[int], gap: float
) -> list[int]:
    """Choose texts on one line that leave a gap between each other.

    Parameters
    ----------
    centres, widths : sequence of float
        Where each text stands and the room it takes, in inches.
    first : sequence of int
        Places of the texts that matter most, most important first; the rest
        follow in order.
    gap : float
        Least room between two texts, in inches.

    Returns
    -------
    list of int
        Places kept, in order.
    """
    kept: list[int] = []
    for i in [*first, *(i for i in range(len(centres)) if i not in first)]:
        clear = all(abs(centres[i] - centres[j]) >= (widths[i] + widths[j]) / 2 + gap for j in kept)
        if clear and i not in kept:
            kept.append(i)
    return sorted(kept)


def make_room(
    centres: Sequence[float], heights: Sequence[float], low: float, high: float
) -> list[float]:
    """Move labels along one axis as little as possible until none overlap.

    Parameters
    ----------
    centres : sequence of float
        Where each label would like its centre.
    heights : sequence of float
        Room each label takes, gap included, same unit.
    low, high : float
        The labels stay between these if their heights sum to no more.

    Returns
    -------
    list of float
        New centres in the order given: the least-squares solution by pooling
        adjacent violators (Ayer and others, 1955).
    """
    order = sorted(range(len(centres)), key=lambda i: (centres[i], i))
    blocks: list[list] = []
    for i in order:
        blocks.append([[i], centres[i] - heights[i] / 2, heights[i]])
        while len(blocks) > 1 and blocks[-2][1] + blocks[-2][2] > blocks[-1][1]:
            members, _, height = blocks.pop()
            blocks[-1][0] += members
            blocks[-1][2] += height
            blocks[-1][1] = _best_start(blocks[-1][0], centres, heights)
    placed = [0.0] * len(centres)
    floor = low
    ceilings = _ceilings(blocks, high)
    for (members, start, height), ceiling in zip(blocks, ceilings, strict=True):
        at = max(floor, min(start, ceiling - height))
        floor = at + height
        for i in members:
            placed[i] = at + heights[i] / 2
            at += heights[i]
    return placed


def _best_start(members: list[int], centres: Sequence[float], heights: Sequence[float]) -> float:
    above, total = 0.0, 0.0
    for i in members:
        total += centres[i] - heights[i] / 2 - above
        above += heights[i]
    return total / len(members)


def _ceilings(blocks: list[list], high: float) -> list[float]:
    ceilings, top = [], high
    for _, start, height in reversed(blocks):
        ceilings.append(top)
        top = min(start, top - height)
    return ceilings[::-1]
