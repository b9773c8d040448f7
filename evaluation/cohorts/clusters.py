"""Clusters: removal families, joined where unrelated children share a household."""

import ibis
import pandas as pd
from ibis.expr.types import Table
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components


def clusters(exits: Table) -> pd.DataFrame:
    """Find which removal families are one cluster.

    Families whose children exit to one household are the connected component
    of family and household. A child without a family is a family of its own.
    Only families that share a household leave the engine.

    Parameters
    ----------
    exits : ibis.Table
        The cohort, with ``flow_family`` and ``household_id``.

    Returns
    -------
    pandas.DataFrame
        ``flow_family`` and ``cluster`` (the smallest family of the component)
        of every family that is joined to another.
    """
    pairs = exits.filter(exits.household_id.notnull()).select("flow_family", "household_id")
    pairs = pairs.distinct()
    shared = pairs.group_by("household_id").aggregate(families=pairs.count())
    shared = shared.filter(shared.families > 1)
    links = pairs.semi_join(shared, "household_id").order_by("flow_family", "household_id")
    found = links.to_pyarrow().to_pydict()
    family, families = pd.factorize(pd.Series(found["flow_family"], dtype=str), sort=True)
    household, households = pd.factorize(pd.Series(found["household_id"], dtype=str))
    nodes = len(families) + len(households)
    if not nodes:
        return pd.DataFrame({"flow_family": [], "cluster": []}, dtype=str)
    graph = coo_array(
        ([1] * len(family), (family, household + len(families))), shape=(nodes, nodes)
    )
    _, component = connected_components(graph, directed=False)
    table = pd.DataFrame({"flow_family": families, "component": component[: len(families)]})
    table["cluster"] = table.groupby("component")["flow_family"].transform("min")
    return table[["flow_family", "cluster"]]


def with_cluster(exits: Table, joined: pd.DataFrame) -> Table:
    """Add ``family_id``, the cluster of each exit.

    Parameters
    ----------
    exits : ibis.Table
        The cohort, with ``flow_family`` (``f:`` and the family, or ``lone:``
        and the child where it has none).
    joined : pandas.DataFrame
        From `clusters`.
    """
    if joined.empty:
        return exits.mutate(family_id=_name(exits.flow_family))
    known = ibis.memtable(joined)
    exits = exits.left_join(known, "flow_family").drop("flow_family_right")
    return exits.mutate(family_id=_name(exits.cluster.fill_null(exits.flow_family))).drop("cluster")


def _name(family):
    own = family.startswith("lone:")
    return own.ifelse("child " + family.substr(5), family.substr(2))
