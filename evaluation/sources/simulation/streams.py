"""Random numbers: one seed, one stream for each named purpose."""

import zlib

import numpy as np


class Streams:
    """Independent random generators, each found by its name.

    A stream depends on the seed and on its own name only, so drawing more numbers
    for one purpose leaves every other purpose as it was.

    Parameters
    ----------
    seed : int
        Seed of all streams, 0 or more.
    prefix : str
        Put before every name.
    """

    def __init__(self, seed: int, prefix: str = ""):
        self.seed = int(seed)
        self.prefix = prefix

    def __call__(self, name: str) -> np.random.Generator:
        """Return the generator of a purpose, at its beginning."""
        purpose = zlib.crc32((self.prefix + name).encode())
        return np.random.Generator(np.random.PCG64([self.seed, purpose]))

    def below(self, prefix: str) -> "Streams":
        """Return streams of the same seed whose names begin with a prefix."""
        return Streams(self.seed, f"{self.prefix}{prefix}: ")
