"""The projection once more, slowly: one draw, one cell at a time, in lists of floats.

Written from the documented equations and not from the kernel. Where the kernel composes
probabilities, this solves for the person-years of a cell and adds up every flow by itself:
with person-years y = (start + end) / 2 and end = start + flows(y), y solves a 2 x 2 system.
"""

from math import exp

URBAN, RURAL = 0, 1


def lived_in_year(urban, rural, urban_exit, rural_exit, to_rural, to_urban):
    """Person-years in each residence; exits count deaths, leaving and moving to the other.

    y_u = u + (-urban_exit y_u + to_urban y_r) / 2, y_r likewise; solved by Cramer's rule.
    """
    a, b = 1.0 + urban_exit / 2.0, -to_urban / 2.0
    c, d = -to_rural / 2.0, 1.0 + rural_exit / 2.0
    determinant = a * d - b * c
    return (urban * d - b * rural) / determinant, (a * rural - c * urban) / determinant


def project_one_draw(population, schedules, levels, absent=0.0, programmes=None, boundary=None):
    """Yearly (urban, rural) totals, yearly flows by name, the last population, yearly absent.

    ``population`` is [residence][sex][age] and ``levels`` one {name: value} a year. Raises
    ArithmeticError where a programme or a boundary change takes more people than there are.
    """
    cells = [[[float(x) for x in row] for row in sexes] for sexes in population]
    ages = range(len(cells[0][0]))
    totals, ledger = [(total(cells[URBAN]), total(cells[RURAL]))], []
    away = [absent]
    for year, level in enumerate(levels):
        returns = [absent * level["urban_return"], absent * level["rural_return"]]
        absent -= sum(returns)
        arriving = [level["urban_arrivals"] + returns[0], level["rural_arrivals"] + returns[1]]
        flow = dict.fromkeys(
            ("urban_births", "rural_births", "urban_deaths", "rural_deaths", "rural_to_urban",
             "urban_to_rural", "urban_departures", "rural_departures"), 0.0,
        )  # fmt: skip
        flow["urban_arrivals"], flow["rural_arrivals"] = arriving
        after = [[[0.0 for _ in ages] for _ in range(2)] for _ in range(2)]
        for sex in range(2):
            for age in ages:
                move_to_rural = level["urban_to_rural"] * schedules.departure[sex][age]
                leave_urban = level["urban_departure"] * schedules.departure[sex][age]
                move_to_urban = level["rural_to_urban"] * schedules.rural_to_urban[sex][age]
                leave_rural = level["rural_departure"] * schedules.departure[sex][age]
                die_urban = level["urban_mortality"] * schedules.death[URBAN][sex][age]
                die_rural = level["rural_mortality"] * schedules.death[RURAL][sex][age]
                half = [arriving[r] * schedules.arrivals[r][sex][age] / 2.0 for r in (URBAN, RURAL)]
                urban = cells[URBAN][sex][age] + half[URBAN]
                rural = cells[RURAL][sex][age] + half[RURAL]
                lived_urban, lived_rural = lived_in_year(
                    urban,
                    rural,
                    die_urban + move_to_rural + leave_urban,
                    die_rural + move_to_urban + leave_rural,
                    move_to_rural,
                    move_to_urban,
                )
                flow["urban_deaths"] += die_urban * lived_urban
                flow["rural_deaths"] += die_rural * lived_rural
                flow["rural_to_urban"] += move_to_urban * lived_rural
                flow["urban_to_rural"] += move_to_rural * lived_urban
                flow["urban_departures"] += leave_urban * lived_urban
                flow["rural_departures"] += leave_rural * lived_rural
                older = min(age + 1, ages[-1])
                after[URBAN][sex][older] += 2.0 * lived_urban - urban + half[URBAN]
                after[RURAL][sex][older] += 2.0 * lived_rural - rural + half[RURAL]
                if sex == 0:
                    bear(
                        schedules, level, flow, after, URBAN, move_to_rural, leave_urban,
                        level["urban_fertility"] * schedules.fertility[URBAN][age] * lived_urban,
                    )  # fmt: skip
                    bear(
                        schedules, level, flow, after, RURAL, move_to_urban, leave_rural,
                        level["rural_fertility"] * schedules.fertility[RURAL][age] * lived_rural,
                    )  # fmt: skip
        absent += flow["urban_departures"] + flow["rural_departures"]
        away.append(absent)
        end_of_year(after, level["reclassification"], flow,
                    programmes[year] if programmes is not None else 0.0,
                    boundary[year] if boundary is not None else (0.0, 0.0))  # fmt: skip
        cells = after
        totals.append((total(cells[URBAN]), total(cells[RURAL])))
        ledger.append(flow)
    return totals, ledger, cells, away


def bear(schedules, level, flow, after, residence, move, leave, births):
    """Births of the mothers of one age: by sex, some die, some move on with their mothers."""
    name, other = (("urban", "rural"), ("rural", "urban"))[residence]
    flow[f"{name}_births"] += births
    for sex, share in enumerate((1.0 - schedules.male_share, schedules.male_share)):
        hazard = level[f"{name}_mortality"] * schedules.infant_death[residence][sex]
        alive = births * share * (1.0 - hazard / 2.0) / (1.0 + hazard / 2.0)
        flow[f"{name}_deaths"] += births * share - alive
        moved, left = alive * move / 2.0, alive * leave / 2.0
        flow[f"{name}_to_{other}"] += moved
        flow[f"{name}_departures"] += left
        after[residence][sex][0] += alive - moved - left
        after[1 - residence][sex][0] += moved


def end_of_year(cells, hazard, flow, programme, boundary):
    """Reclassification, then programmes, then boundary changes, each the same for all ages."""
    reclassified = (1.0 - exp(-hazard)) * total(cells[RURAL])
    shift(cells, 1.0 - exp(-hazard))
    rural = total(cells[RURAL])
    if programme > rural:
        raise ArithmeticError("programme")
    if programme > 0.0:
        shift(cells, programme / rural)
    for residence, gained in zip((URBAN, RURAL), boundary, strict=True):
        people = total(cells[residence])
        if people + gained < 0.0 or gained > 0.0 == people:
            raise ArithmeticError("boundary")
        if gained != 0.0:
            for row in cells[residence]:
                row[:] = [x * (1.0 + gained / people) for x in row]
    flow["reclassified"], flow["programmes"] = reclassified, programme
    flow["urban_boundary_change"], flow["rural_boundary_change"] = boundary


def shift(cells, share):
    for urban, rural in zip(cells[URBAN], cells[RURAL], strict=True):
        for age, persons in enumerate(rural):
            urban[age] += share * persons
            rural[age] = (1.0 - share) * persons


def total(rows):
    return sum(sum(row) for row in rows)
