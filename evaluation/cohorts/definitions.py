"""The rules of a cohort in plain words, with the study's values."""

from evaluation.cohorts.adoption import AdoptionLink
from evaluation.cohorts.episodes import minimum_custody_days
from evaluation.cohorts.wording import days, either
from evaluation.study import CohortRules, Study

_PLAIN = {
    "reunification": "reunification",
    "relative": "living with relatives",
    "guardianship": "guardianship",
    "adoption": "adoption",
}


def definitions(study: Study, link: AdoptionLink) -> list[tuple[str, str]]:
    """Return the rules as (rule, words) in the order a reader needs them."""
    rules = study.cohort
    words = [*_exits(rules), *_clock(rules), *_outcomes(study, link), *_support(rules)]
    words += [_service(study, service.program) for service in study.services]
    return words


def _exits(rules: CohortRules) -> list[tuple[str, str]]:
    first, last = rules.exits
    gap = rules.merge_gap_days
    custody = minimum_custody_days(rules)
    unit = (
        "The first eligible exit of each child is followed."
        if rules.unit == "first exit"
        else "Every eligible exit is followed; a child can be followed more than once."
    )
    return [
        (
            "Removal episode",
            f"Stays of a child that overlap or lie at most {days(gap)} apart are one episode; "
            "its discharge is that of the stay that ends last."
            + (
                f" Temporary physical custody shorter than {days(custody)} is a protective "
                "action, not a removal."
                if custody
                else ""
            ),
        ),
        (
            "Exit",
            f"A discharge to {either(_PLAIN[name] for name in rules.exit_types)} "
            f"from {first} to {last}, after at least {days(rules.min_days_exit)} in care, "
            f"of a child under {rules.age_limit}. "
            "A discharge without a reason is excluded and counted. "
            f"A discharge within {days(gap)} of the end of the data is not yet an exit. {unit}",
        ),
        ("Index date", _index_date(rules)),
        (
            "Age",
            "Completed years on the day of exit, from year, month and day; a birthday on "
            "29 February falls on 1 March in other years.",
        ),
        (
            "Cluster",
            "The removal family. Where unrelated children exit to one household, their families "
            "are one cluster. A child without a recorded family is a cluster of its own unless "
            "it shares a household.",
        ),
    ]


def _index_date(rules: CohortRules) -> str:
    if rules.index_at == "discharge":
        return (
            "Day 0 is the day of discharge; the child is at risk from day 1. On a trial home "
            "visit the child is still in care."
        )
    return (
        "Day 0 is the first day of every trial home visit, whether or not a discharge follows; "
        "visits with no other setting between them are one, and the discharge that ends a visit "
        "is no second exit. A discharge without a visit is an exit of its own. A visit ended "
        "when the child went to another setting, was recorded as returned or was discharged "
        "otherwise than to permanency: for the other outcomes that ends follow-up. The child is "
        "at risk from day 1."
    )


def _clock(rules: CohortRules) -> list[tuple[str, str]]:
    through = rules.data_through
    covers = (
        ", ".join(f"{table} to {day}" for table, day in through.items())
        if isinstance(through, dict)
        else f"to {through}"
    )
    start = rules.data_from
    begins = (
        ", ".join(f"{table} from {day}" for table, day in start.items())
        if isinstance(start, dict)
        else f"from {start}"
    )
    late = (
        [("Delayed entry", f"The records begin later ({begins}): who left before enters then.")]
        if start
        else []
    )
    return [
        *late,
        (
            "Follow-up",
            f"Up to {days(rules.horizon_days)}; it ends earlier at the end of the data "
            f"({covers}), at death, at the birthday {rules.age_limit}, or on the last day before "
            "a move out of the jurisdiction. On one day the outcome counts first, then a "
            "competing event, then the end of observation; on the birthday itself the outcome "
            "can no longer happen. Horizons are days: day 365 includes the anniversary, which "
            "the federal twelve months leave out.",
        ),
        (
            "Start of risk",
            f"Follow-up for re-entry and disruption begins after day {rules.merge_gap_days}, since "
            "a return before that belongs to the same episode.",
        ),
        (
            "Rows",
            "Follow-up is split where a service begins or ends for the child, where the support "
            "window, its being voluntary or the age band changes, and nowhere else.",
        ),
    ]


def _outcomes(study: Study, link: AdoptionLink) -> list[tuple[str, str]]:
    rules, words = study.cohort, []
    if study.outcomes.reentry is not None:
        minimum = rules.min_days_reentry
        short = (
            f" A stay shorter than {days(minimum)} is none; one still open and shorter than that "
            "at the end of the data is undecided, and follow-up ends where it began."
            if minimum
            else ""
        )
        words.append(
            (
                "Re-entry",
                "The first removal after the exit. Death and the age limit compete with it; a "
                f"later adoption or guardianship does not end follow-up.{short}",
            )
        )
    if study.outcomes.disruption is not None:
        words.append(
            (
                "Disruption",
                "After reunification or exit to relatives: the first of re-entry and displacement. "
                "After guardianship or adoption: the first of re-entry, displacement, termination "
                "of the guardianship and dissolution of the adoption; an assistance agreement that "
                "ended counts if it ended under 17½ for a known reason other than death, the age "
                "limit or adoption, or by the stated proxy rule of a source that gives no reason. "
                "Death, the age limit and adoption by the guardian compete.",
            )
        )
    maltreatment = study.outcomes.maltreatment
    if maltreatment is not None:
        report = (
            "substantiated or indicated report"
            if maltreatment.level == "substantiated"
            else "report that was not screened out"
        )
        skip = maltreatment.skip_first_days
        words.append(
            (
                "Maltreatment at home",
                f"The first {report} after day {skip}, by the date of the {maltreatment.date}"
                + (" where known, else of the report" if maltreatment.date == "incident" else "")
                + ". Re-entry, death and the age limit compete; a report dated on or before the "
                "day of re-entry comes first. One dated on or before the exit is history.",
            )
        )
    if study.outcomes.visit_ended is not None:
        words.append(
            (
                "Visit ended",
                "A return to care from a trial home visit. Discharge, death and the age limit "
                "compete.",
            )
        )
    if "adoption" in rules.exit_types:
        words.append(("Adoption", link.words))
    return words


def _support(rules: CohortRules) -> list[tuple[str, str]]:
    again = (
        "A later reunification into the household begins it again, also after a re-entry."
        if rules.support_restart == "every return"
        else "A later first reunification into the household begins it again, a sibling's return "
        "from a re-entry does not."
    )
    orders = either(name.replace("_", " ") for name in rules.involuntary_orders or ("no",))
    return [
        (
            "Support window",
            f"{rules.support_months} calendar months, first day included, anniversary excluded. "
            "After reunification it runs from the last reunification into the household, and has "
            "not begun while a sibling bound for that household, in care at the child's exit, is "
            "still in care: a sibling is taken as bound for it unless the record of that stay "
            f"names another household to be reunified with. {again} After other "
            "exits it runs from the child's own. A closure of the support case ends it early, "
            "except after a refusal. Support is involuntary while an order is in effect (types: "
            f"{orders}) and voluntary from the day the order ends. It is a state that "
            "changes, never a covariate at exit.",
        )
    ]


def _service(study: Study, program: str) -> tuple[str, str]:
    service = study.service(program)
    return (
        f"Service: {service.name}",
        "Known at exit if a spell is open on the day of exit or began within "
        f"{days(service.lead_days)} before it; earlier spells are history. A spell that begins "
        "on a day counts as service from the next day (from day 1 if it began by the exit) to its "
        "last day; without an end date it goes on, or until its program is closed. A spell of a "
        "family reaches every child removed from it, one of a household every child who exited "
        "to it.",
    )
