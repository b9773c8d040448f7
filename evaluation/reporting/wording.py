"""Names of things as readers see them."""

import re
from dataclasses import dataclass

from evaluation.study import Study

EXIT_TYPES = {
    "reunification": "Reunification",
    "relative": "Living with relatives",
    "guardianship": "Guardianship",
    "adoption": "Adoption",
}
COLUMNS = {
    "exit_type": "How they left care",
    "age_group": "Age at exit",
    "race_ethnicity": "Race and ethnicity",
    "sex": "Sex",
    "county": "County",
}
LEVELS = {
    "american_indian_alaska_native": "American Indian or Alaska Native",
    "hawaiian_pacific_islander": "Native Hawaiian or Pacific Islander",
}


@dataclass(frozen=True)
class Outcome:
    """The words for an outcome.

    Attributes
    ----------
    name : str
        "Re-entry to care", at the head of a table or chart.
    event, events : str
        "re-entry", "re-entries".
    did : str
        "re-entered care", after "children".
    """

    name: str
    event: str
    events: str
    did: str


def outcome_words(outcome: str, study: Study) -> Outcome:
    """Return the words for one of the study's outcomes."""
    if outcome == "reentry":
        return Outcome("Re-entry to care", "re-entry", "re-entries", "re-entered care")
    if outcome == "disruption":
        return Outcome(
            "Disruption of the home", "disruption", "disruptions", "saw their home disrupted"
        )
    if outcome == "visit_ended":
        return Outcome(
            "Return to care from a trial home visit",
            "return from a visit",
            "returns from a visit",
            "went back to care from a trial home visit",
        )
    rules = study.outcomes.maltreatment
    level = rules.level if rules else "substantiated"
    return Outcome(
        f"{level.capitalize()} maltreatment report",
        f"{level} report",
        f"{level} reports",
        f"had a {level} maltreatment report",
    )


def units(study: Study) -> str:
    """Say what is counted: children, or their exits where one child can have several."""
    return "children" if study.cohort.unit == "first exit" else "exits"


def column_name(column: str) -> str:
    """Name a characteristic."""
    return COLUMNS.get(column) or upper_first(column.replace("_", " "))


def level_name(column: str, level: object) -> str:
    """Name one value of a characteristic."""
    if column == "exit_type":
        return EXIT_TYPES.get(str(level), str(level))
    if isinstance(level, bool):
        return "Yes" if level else "No"
    if level in LEVELS:
        return LEVELS[level]
    text = str(level).replace("_", " ")
    return text if column == "county" else upper_first(text)


def group_name(column: str, level: object) -> str:
    """Name a group of children: "Sex: Female". Reports of two years know groups by it."""
    return f"{column_name(column)}: {level_name(column, level)}"


def term_name(term: str, study: Study) -> str:
    """Name a term of a model: ``race[T.other]`` becomes "Race: other"."""
    found = re.fullmatch(r"`?(.+?)`?\[(?:T\.)?(.*)\]", term)
    column, level = found.groups() if found else (term.strip("`"), None)
    names = {service.program: service.name for service in study.services}
    name = names.get(column) or column_name(column)
    if level is None:
        return name
    return f"{name}: {level_name(column, level).replace('_', ' ')}"


def order_of(exit_type: str) -> tuple[int, str]:
    """Return a key that keeps exit types in their fixed order, others after them."""
    known = list(EXIT_TYPES)
    return (known.index(exit_type) if exit_type in known else len(known), exit_type)


def upper_first(text: str) -> str:
    """Begin with a capital, leave the rest."""
    return text[:1].upper() + text[1:]


def lower_first(text: str) -> str:
    """Begin with a small letter, leave the rest."""
    return text[:1].lower() + text[1:]


def listed(words: list[str], last: str = "and") -> str:
    """Join words as a sentence does: "a, b and c"."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"
