"""An agency's own analysis as a study: unpublished, whatever it found."""

from collections.abc import Sequence

from evaluation.evidence.body import CONTROLLED, EvidenceStudy, Result
from evaluation.evidence.contrast import ContrastEvidence
from evaluation.evidence.status import Status, of_truth

_PREMEASURED = {
    "present": "measured at the exit, before any service began",
    "absent": "measured at the exit, when the service of some families had begun",
    "unknown": "when services began is not recorded for all",
}


def own_study(
    contrasts: Sequence[ContrastEvidence], agency: str, years: tuple[int, int]
) -> EvidenceStudy:
    """Read an agency's own analysis of one service as a study.

    It is unpublished and not peer reviewed, whatever it found.

    Parameters
    ----------
    contrasts : sequence of ContrastEvidence
        Of one service.
    agency : str
        Whose children.
    years : (int, int)
        First and last year of exits.
    """
    design = contrasts[0].design
    return EvidenceStudy(
        id=f"own_{contrasts[0].service}",
        label=f"{agency}, exits {years[0]} to {years[1]} (this evaluation)",
        own=True,
        design=design,
        usual_care="yes",
        appropriate="yes" if design in CONTROLLED else "no",
        peer_reviewed="no",
        measures="unknown",
        agencies=(agency,),
        years=years,
        results=tuple(_own_result(contrast) for contrast in contrasts),
    )


def _own_result(contrast: ContrastEvidence) -> Result:
    direction = contrast.direction
    if contrast.sound == "absent" and direction == "favorable":
        direction = "unknown"
    return Result(
        id=contrast.id,
        outcome=contrast.outcome,
        direction=direction,
        sustained6=contrast.sustained(6),
        sustained12=contrast.sustained(12),
        features=own_features(contrast),
        estimate_ids=contrast.estimate_ids,
    )


def own_features(contrast: ContrastEvidence) -> dict[str, tuple[Status, str]]:
    """Return which features of the Title IV-E standard an own contrast has, and why."""
    design = contrast.design
    controlled = of_truth(design in CONTROLLED)
    loss = contrast.attrition
    low: tuple[Status, str] = (
        "unknown",
        "nobody was assigned, so there is no assigned sample to count losses from; a retrospective "
        "cohort is not a low-attrition trial",
    )
    if design == "randomized" and contrast.attrition_unknown:
        low = "unknown", contrast.attrition_unknown
    if loss is not None:
        low = (
            of_truth(loss.low),
            f"losses among those randomized are {'low' if loss.low else 'high'} by the "
            f"{loss.boundary} boundary; which boundary a review applies is {loss.confirmation}",
        )
    return {
        "design": (controlled, design),
        "source": ("absent", "an agency's own analysis, not published"),
        "baseline": _baseline_feature(contrast),
        "background": (
            of_truth(not contrast.lacking),
            f"not among the covariates: {' and '.join(contrast.lacking)}"
            if contrast.lacking
            else "both are among the covariates",
        ),
        "premeasured": (contrast.premeasured, _PREMEASURED[contrast.premeasured]),
        "declared": (
            of_truth(contrast.primary),
            "declared in the protocol as the primary contrast"
            if contrast.primary
            else "secondary or exploratory",
        ),
        "attrition": low,
        "intact": (
            of_truth(design == "randomized"),
            "each child is analysed in the arm it was first assigned to, whatever was taken up"
            if design == "randomized"
            else "nobody was assigned by chance",
        ),
        "noconfound": (
            of_truth(not contrast.confounds),
            " ".join(contrast.confounds) or "no unit is a whole arm",
        ),
        "clusters": ("present", "variance by removal family"),
        "usual_care": ("present", "services as agencies give them"),
        "favorable": _favorable_feature(contrast),
        "sustained6": contrast.sustained(6),
        "sustained12": contrast.sustained(12),
    }


def _baseline_feature(contrast: ContrastEvidence) -> tuple[Status, str]:
    table = contrast.baseline
    if table.empty:
        return "unknown", "no baseline covariate was compared"
    if table["verdict"].isna().any():
        return "unknown", "some differences are too small in number to be released"
    fails = list(table.loc[~table["met"], "covariate"])
    if fails:
        return "absent", f"not met for {', '.join(fails)}"
    adjusted = int((table["verdict"] == "needs adjustment").sum())
    why = f"{adjusted} of {len(table)} differences are over 0.05 and adjusted for"
    return "present", why if adjusted else "every difference is at most 0.05"


def _favorable_feature(contrast: ContrastEvidence) -> tuple[Status, str]:
    direction = contrast.direction
    if direction == "unknown":
        return "unknown", "its numbers are too small to be released" if contrast.withheld else (
            "no p value"
        )
    if direction == "favorable" and contrast.sound == "absent":
        return "unknown", (
            "fewer events, but its design, balance or checks forbid reading them as an effect"
        )
    adjusted = "the primary contrast" if contrast.primary else "p adjusted for the other contrasts"
    words = {
        "favorable": f"significantly fewer events ({adjusted})",
        "unfavorable": f"significantly more events ({adjusted})",
        "none": f"no significant difference ({adjusted})",
    }
    return of_truth(direction == "favorable"), words[direction]
