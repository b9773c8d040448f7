"""Whether children keep their identifier after adoption."""

from dataclasses import dataclass

import ibis
from ibis.expr.types import Table

from evaluation.cohorts.records import Records, days_between, true
from evaluation.cohorts.selection import Step
from evaluation.study import Study

FOLLOWED_DAYS = 365
PROVEN_CHILDREN = 3
PROVEN_SHARE = 0.005


@dataclass(frozen=True)
class AdoptionLink:
    """Whether adoption exits can be followed.

    Parameters
    ----------
    kept : bool
        Whether the identifier in use before the adoption still finds the child.
    words : str
        How that was decided, without counts.
    adopted, again : int
        Where it was measured: children adopted long enough ago, and those of
        them seen again.
    """

    kept: bool
    words: str
    adopted: int = 0
    again: int = 0


def adoption_link(records: Records, episodes: Table) -> AdoptionLink:
    """Decide whether adopted children are seen again under their old identifier.

    The study says so (``kept``, ``broken``), or it is measured: among children
    adopted at least 365 days before the data end, those who appear again in
    removals, reports or disruptions. The link is proven by at least 3 such
    children who are at least 0.5% of them; otherwise it counts as broken, so
    that children who cannot be seen are never taken for children at home.
    """
    said = records.rules.adoption_link
    if said != "measure":
        return AdoptionLink(said == "kept", f"The study says that the adoption link is {said}.")
    adopted, again = _counts(records, episodes)
    kept = again >= PROVEN_CHILDREN and again >= PROVEN_SHARE * adopted
    found = "were" if kept else "were not"
    words = (
        f"Of the children adopted at least {FOLLOWED_DAYS} days before the data end, at least "
        f"{PROVEN_CHILDREN} and {PROVEN_SHARE:.1%} {found} seen again under the same identifier: "
        f"the adoption link is taken as {'kept' if kept else 'broken'}."
    )
    return AdoptionLink(kept, words, adopted, again)


def unfollowed_adoptions(
    rows: Table, records: Records, study: Study, link: AdoptionLink
) -> Step | None:
    """Return the flow's step for adoption exits that cannot be followed, if there are any.

    Where displacements or ends in law are recorded and disruption is asked
    for, adoption exits stay in the cohort for disruption alone and the step
    excludes none.
    """
    if link.kept or "adoption" not in study.cohort.exit_types:
        return None
    if "disruption" in study.outcomes.named and records.has_rows("disruptions"):
        return Step(
            "Adoption exits followed for disruption only",
            "Adoption exits cannot be followed for re-entry and maltreatment "
            "(identifier not proven to be kept) and stay for disruption only",
            ibis.literal(False),
        )
    return Step(
        "Exits that can be followed",
        "Adoption exits cannot be followed (identifier not proven to be kept)",
        rows.discharge_reason == "adoption",
    )


def _counts(records: Records, episodes: Table) -> tuple[int, int]:
    through = ibis.literal(records.through("removals"), type="date") + ibis.interval(days=0)
    long_ago = days_between(through, episodes.discharge_date) >= FOLLOWED_DAYS
    adopted = episodes.filter(true(episodes.discharge_reason == "adoption") & long_ago)
    adopted = adopted.group_by("child_id").aggregate(adopted=adopted.discharge_date.min())
    seen = [episodes.select("child_id", seen="removal_date")]
    if records.has("maltreatment_reports"):
        seen.append(records.table("maltreatment_reports").select("child_id", seen="report_date"))
    if records.has("disruptions"):
        ends = records.table("disruptions")
        ends = ends.filter(ends.type != "agreement_ended")
        seen.append(ends.select("child_id", seen="disruption_date"))
    last = ibis.union(*seen) if len(seen) > 1 else seen[0]
    last = last.group_by("child_id").aggregate(seen=last.seen.max())
    pairs = adopted.left_join(last, "child_id")
    counts = pairs.aggregate(
        adopted=pairs.count(), again=true(pairs.seen > pairs.adopted).cast("int32").sum()
    )
    row = counts.to_pyarrow().to_pylist()[0]
    return row["adopted"], row["again"] or 0
