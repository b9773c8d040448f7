"""A sentence with counts of children in it."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Note:
    """A sentence with counts of children in it, which a release may have to hide.

    Attributes
    ----------
    text : str
        The sentence, with ``{name}`` where a count stands.
    counts : dict of str to int
        The counts by name.
    """

    text: str
    counts: dict[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.say(lambda count: f"{count:,}")

    def say(self, show: Callable[[int], str]) -> str:
        """Write the sentence with every count as ``show`` prints it; other braces stay."""

        def shown(found: re.Match) -> str:
            count = self.counts.get(found[1])
            return found[0] if count is None else show(count)

        return re.sub(r"\{(\w+)\}", shown, self.text)
