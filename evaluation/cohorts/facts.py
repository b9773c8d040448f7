"""What other tables say of an exit: found apart, put beside the exits in one step."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from ibis.expr.types import Table, Value


@dataclass(frozen=True)
class Facts:
    """Columns that another table adds to the exits.

    Parameters
    ----------
    rows : ibis.Table
        ``exit_id``, at most once, and the columns.
    absent : mapping of str to Python value, or function of the exits
        What a column is where an exit has no row; missing if not named.
    """

    rows: Table
    absent: Mapping[str, object | Callable[[Table], Value]] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """The columns added."""
        return [name for name in self.rows.columns if name != "exit_id"]


def beside(exits: Table, facts: Sequence[Facts]) -> Table:
    """Put facts beside the exits.

    Parameters
    ----------
    exits : ibis.Table
        With ``exit_id``.
    facts : sequence of Facts
        No two with a column of one name.
    """
    joined, keys, absent = exits, [], {}
    for place, each in enumerate(facts):
        keys.append(f"of_{place}")
        rows = each.rows.rename({keys[-1]: "exit_id"})
        joined = joined.left_join(rows, exits.exit_id == rows[keys[-1]])
        absent |= each.absent
    joined = joined.drop(*keys)
    return joined.mutate(
        **{
            name: joined[name].fill_null(value(joined) if callable(value) else value)
            for name, value in absent.items()
        }
    )
