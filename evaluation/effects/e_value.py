"""How strong an unrecorded cause would have to be to explain an effect away."""

import math

RARE = 0.15


def e_value(ratio: float) -> float:
    """Return the E-value of a risk ratio (VanderWeele and Ding, 2017).

    The least ratio, with the service and with the outcome alike, that something not
    recorded must have to move a risk ratio to 1.
    """
    above = max(ratio, 1 / ratio)
    return above + math.sqrt(above * (above - 1))


def e_value_of_limit(ci_low: float, ci_high: float) -> float:
    """Return the E-value of the limit nearer 1; 1 where the interval holds 1."""
    if ci_low <= 1 <= ci_high:
        return 1.0
    return e_value(ci_low if ci_low > 1 else ci_high)


def ratio_for_e_value(hazard_ratio: float, risk: float) -> tuple[float, str]:
    """Return what stands for a risk ratio where only a hazard ratio is known.

    Where the risk is under 15% the hazard ratio itself, else VanderWeele's square-root
    approximation (2017): ``(1 - 0.5 ** sqrt(hr)) / (1 - 0.5 ** sqrt(1 / hr))``.
    """
    if risk < RARE:
        return hazard_ratio, "hazard ratio, as the outcome is rare"
    root = math.sqrt(hazard_ratio)
    return (1 - 0.5**root) / (1 - 0.5 ** (1 / root)), "square-root approximation (VanderWeele)"
