"""Probabilities in words: classes of likelihood, and counts of a hundred."""

from __future__ import annotations

from typing import Final

from ..texts import Language, text

# Of each class its least probability and its key in section ``probability`` of the texts. IPCC
# (2010), Guidance Note on Consistent Treatment of Uncertainties, table 1, no stronger than "very"
# until calibration in the tails has been shown.
LIKELIHOODS: Final = (
    (0.90, "very_likely"),
    (0.66, "likely"),
    (0.33, "about_as_likely_as_not"),
    (0.10, "unlikely"),
    (0.0, "very_unlikely"),
)


def likelihood_class(probability: float) -> str:
    """Return the class of a probability, a key of section ``probability`` of the texts.

    Examples
    --------
    >>> [likelihood_class(p) for p in (0.07, 0.66, 0.9, 0.905)]
    ['very_unlikely', 'likely', 'likely', 'very_likely']
    """
    if probability > LIKELIHOODS[0][0]:
        return LIKELIHOODS[0][1]
    return next(name for least, name in LIKELIHOODS[1:] if probability >= least)


def of_hundred(probability: float, language: Language = "en") -> str:
    """Return the draws of a hundred that meet a target; what no draw met is not impossible.

    Examples
    --------
    >>> [of_hundred(p) for p in (0.0, 0.005, 0.26, 0.995, 1.0)]
    ['<1', '<1', '26', '>99', '>99']
    """
    number = round(100 * probability)
    if number == 0:
        return text("probability.under_1", language)
    if number == 100:
        return text("probability.over_99", language)
    return str(number)


def chance(probability: float, language: Language) -> str:
    """Return a probability as draws of a hundred, in words.

    Examples
    --------
    >>> chance(0.26, "en"), chance(0.999, "en")
    ('26 of 100', '>99 of 100')
    """
    return text("probability.of_hundred", language, count=of_hundred(probability, language))
