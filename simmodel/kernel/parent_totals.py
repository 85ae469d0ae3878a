"""Reconcile parts with their total in every draw: counties with their prefecture.

Arrays in, arrays out. The total is kept; it is prorated over the parts by their own draws.
Equations and reasons: docs/model.md.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .projection import RURAL, URBAN, Flow

Array = NDArray[np.float64]

# Events of one place, so that those of the parts add up to those of the whole.
EVENTS = (
    (Flow.URBAN_BIRTHS, URBAN),
    (Flow.RURAL_BIRTHS, RURAL),
    (Flow.URBAN_DEATHS, URBAN),
    (Flow.RURAL_DEATHS, RURAL),
    (Flow.RECLASSIFIED, RURAL),
)
# Moves within a part are moves within the whole; those between parts come on top.
INTERNAL_MOVES = ((Flow.RURAL_TO_URBAN, RURAL), (Flow.URBAN_TO_RURAL, URBAN))

# What changes the population of a residence: moves into towns add to urban and take from rural.
LEDGERS = (
    (
        URBAN,
        1.0,
        Flow.URBAN_BIRTHS,
        Flow.URBAN_DEATHS,
        Flow.URBAN_BOUNDARY_CHANGE,
        Flow.URBAN_ARRIVALS,
        Flow.URBAN_DEPARTURES,
    ),
    (
        RURAL,
        -1.0,
        Flow.RURAL_BIRTHS,
        Flow.RURAL_DEATHS,
        Flow.RURAL_BOUNDARY_CHANGE,
        Flow.RURAL_ARRIVALS,
        Flow.RURAL_DEPARTURES,
    ),
)


def prorate(parts: Array, whole: Array, otherwise: Array) -> Array:
    """Prorate a total over parts: scale them so that they add up to it.

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
    >>> prorate(np.array([[2.0, 0.0], [3.0, 0.0]]), np.array([10.0, 8.0]), np.ones((2, 2)))
    array([[4., 4.],
           [6., 4.]])
    """
    basis = np.where(parts.sum(axis=0) > 0.0, parts, otherwise)
    return np.asarray(basis * (whole / basis.sum(axis=0)))


def gross_flows(arrivals: Array, departures: Array, net: Array) -> tuple[Array, Array]:
    """Arrivals and departures with a given net and the product that they had.

    One is multiplied by what the other is divided by, so that neither turns negative.

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
    Nine arrive and four depart; the net must be zero:

    >>> gross_flows(np.array([9.0]), np.array([4.0]), np.array([0.0]))
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
    where they would exceed those inside the whole. The rest of the change between
    two years is net external migration of the part, which includes moves between the parts: no part
    saw those when it was projected on its own.

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
    after = np.stack([prorate(before[r], whole[r], base[r]) for r in (URBAN, RURAL)])
    factor = np.divide(after, before, out=np.ones_like(after), where=before > 0.0)
    lived = 0.5 * (factor[:, :, 1:] + factor[:, :, :-1])
    present = 0.5 * (after[:, :, 1:] + after[:, :, :-1])
    flows = parts[2].copy()

    def of(flow: Flow) -> Array:
        return np.asarray(flows[:, :, flow])

    for flow, residence in EVENTS:
        flows[:, :, flow] = prorate(of(flow), whole[2][:, flow], present[residence])
    for flow, residence in INTERNAL_MOVES:
        own = of(flow) * lived[residence]
        together = own.sum(axis=0)
        limit = whole[2][:, flow]
        ratio = np.divide(limit, together, out=np.ones_like(together), where=together > limit)
        flows[:, :, flow] = own * ratio
    into_towns = of(Flow.RURAL_TO_URBAN) - of(Flow.URBAN_TO_RURAL)
    into_towns = into_towns + of(Flow.RECLASSIFIED) + of(Flow.PROGRAMMES)
    for residence, sign, births, deaths, boundary, arrivals, departures in LEDGERS:
        # change = births − deaths ± (internal net, reclassified, programmes) + boundary + net
        change = np.diff(after[residence], axis=1)
        known = of(births) - of(deaths) + sign * into_towns
        known = known + of(boundary)
        flows[:, :, arrivals], flows[:, :, departures] = gross_flows(
            of(arrivals), of(departures) * lived[residence], change - known
        )
    return after[URBAN], after[RURAL], flows
