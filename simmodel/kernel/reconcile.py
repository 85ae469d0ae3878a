"""Parts that add up to their whole in every draw: counties with their prefecture.

Arrays in, arrays out. The whole stands; its parts share it in the proportions of their own draws.
Equations and reasons: docs/model.md.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .projection import FLOWS, RURAL, URBAN

Array = NDArray[np.float64]

# Events that happen in one place, so that those of the parts are those of the whole.
EVENTS = (
    ("urban_births", URBAN),
    ("rural_births", RURAL),
    ("urban_deaths", URBAN),
    ("rural_deaths", RURAL),
    ("reclassified", RURAL),
)
# Moves inside a part are moves inside the whole; those between parts come on top.
MOVES_INSIDE = (("rural_to_urban", RURAL), ("urban_to_rural", URBAN))


def shared(parts: Array, whole: Array, otherwise: Array) -> Array:
    """Scale parts so that they add up to their whole.

    Parameters
    ----------
    parts : ndarray, shape (part, ...)
        Not negative.
    whole : ndarray, shape (...)
        Not negative.
    otherwise : ndarray, shape (part, ...)
        Proportions in which the whole is shared where all parts are zero; not all zero.

    Returns
    -------
    ndarray, shape (part, ...)
        Their sum is the whole.

    Examples
    --------
    >>> shared(np.array([[2.0, 0.0], [3.0, 0.0]]), np.array([10.0, 8.0]), np.ones((2, 2)))
    array([[4., 4.],
           [6., 4.]])
    """
    basis = np.where(parts.sum(axis=0) > 0.0, parts, otherwise)
    return np.asarray(basis * (whole / basis.sum(axis=0)))


def gross(arrivals: Array, departures: Array, net: Array) -> tuple[Array, Array]:
    """Arrivals and departures with a given balance and the product that they had.

    Both are multiplied, one by what the other is divided by, so that neither turns negative.

    Parameters
    ----------
    arrivals : ndarray, any shape
        Persons a year, not negative.
    departures : ndarray, shape of ``arrivals``
        Persons a year, not negative.
    net : ndarray, shape of ``arrivals``
        Arrivals less departures wanted, persons a year.

    Returns
    -------
    tuple of (ndarray, ndarray), shape of ``arrivals``
        Arrivals and departures, persons a year.

    Examples
    --------
    Nine come and four leave; the balance must be nil:

    >>> gross(np.array([9.0]), np.array([4.0]), np.array([0.0]))
    (array([6.]), array([6.]))
    """
    larger = 0.5 * (np.abs(net) + np.sqrt(net**2 + 4.0 * arrivals * departures))
    smaller = larger - np.abs(net)
    return np.where(net >= 0, larger, smaller), np.where(net >= 0, smaller, larger)


def reconcile(
    whole: tuple[Array, Array, Array], parts: tuple[Array, Array, Array]
) -> tuple[Array, Array, Array]:
    """Make the populations and flows of parts add up to those of the whole, draw by draw.

    Populations of either residence, births, deaths and reclassification are shared in the
    proportions of the parts' own draws. Moves inside a part keep their intensity, and are fewer
    where they would exceed those inside the whole. What then is missing between two years is
    arrivals and departures, among them the moves between the parts, which no part saw when it was
    projected on its own.

    Parameters
    ----------
    whole : (ndarray, ndarray, ndarray)
        Urban and rural population, shape (year, draw), and flows, shape (year - 1, flow, draw),
        persons.
    parts : (ndarray, ndarray, ndarray)
        The same shapes with a leading axis of parts.

    Returns
    -------
    (ndarray, ndarray, ndarray)
        The parts, reconciled, in the same shapes; every ledger closes.
    """
    before = np.stack(parts[:2])  # (residence, part, year, draw)
    base = np.repeat(before[:, :, :1], before.shape[2], axis=2)
    after = np.stack([shared(before[r], whole[r], base[r]) for r in (URBAN, RURAL)])
    factor = np.divide(after, before, out=np.ones_like(after), where=before > 0.0)
    lived = 0.5 * (factor[:, :, 1:] + factor[:, :, :-1])
    present = 0.5 * (after[:, :, 1:] + after[:, :, :-1])
    place = {name: index for index, name in enumerate(FLOWS)}
    flows = parts[2].copy()

    def flow(name: str) -> Array:
        return np.asarray(flows[:, :, place[name]])

    for name, residence in EVENTS:
        total = whole[2][:, place[name]]
        flows[:, :, place[name]] = shared(flow(name), total, present[residence])
    for name, residence in MOVES_INSIDE:
        own = flow(name) * lived[residence]
        together = own.sum(axis=0)
        most = whole[2][:, place[name]]
        room = np.divide(most, together, out=np.ones_like(together), where=together > most)
        flows[:, :, place[name]] = own * room
    inward = flow("rural_to_urban") - flow("urban_to_rural")
    inward = inward + flow("reclassified") + flow("programmes")
    for residence, name, sign in ((URBAN, "urban", 1.0), (RURAL, "rural", -1.0)):
        change = np.diff(after[residence], axis=1)
        known = flow(f"{name}_births") - flow(f"{name}_deaths") + sign * inward
        known = known + flow(f"{name}_boundary_change")
        arrivals, departures = gross(
            flow(f"{name}_arrivals"),
            flow(f"{name}_departures") * lived[residence],
            change - known,
        )
        flows[:, :, place[f"{name}_arrivals"]] = arrivals
        flows[:, :, place[f"{name}_departures"]] = departures
    return after[URBAN], after[RURAL], flows
