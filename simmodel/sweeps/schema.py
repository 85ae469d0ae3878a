"""The shape of a sweep file: its keys and what each may hold by itself."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field, field_validator

from ..errors import (
    Reason,
    Refusal,
    among,
    as_tuple,
    did_you_mean,
    finite_number,
    whole_number,
)
from ..inputs.scenario import Text, Title, is_name
from ..inputs.schema import StrictModel
from ..texts import say
from .designs import METHODS

# Draws that a run may be averaged over: those of the ensemble's first block.
MOST_DRAWS: Final = 1024
MOST_RUNS: Final = 10_000_000


class RangeSchema(StrictModel):
    """How a parameter varies, as the file says it."""

    low: Annotated[float | None, BeforeValidator(finite_number(-1e9, 1e9))] = None
    high: Annotated[float | None, BeforeValidator(finite_number(-1e9, 1e9))] = None
    mode: Annotated[float | None, BeforeValidator(finite_number(-1e9, 1e9))] = None
    distribution: Literal["uniform", "log_uniform", "triangular", "posterior"] = "uniform"
    choices: Annotated[tuple[Any, ...], BeforeValidator(as_tuple)] | None = None


class YearSpanSchema(StrictModel):
    """All years from one to another."""

    from_: Any = Field(alias="from")
    to: Any


class OutcomeSchema(StrictModel):
    """An outcome as the file says it; its figures are checked beside the scenario."""

    region: Text
    indicator: Text
    year: Any = None
    years: Any = None
    target: Literal["met"] | None = None


def _method_known(value: object) -> object:
    if isinstance(value, str) and value not in METHODS:
        known = among(METHODS) + did_you_mean(value, METHODS)
        raise Refusal(Reason(say("faults.is_not_known_word"), known))
    return value


class DesignSchema(StrictModel):
    """How the runs are laid out.

    ``size`` means levels of a grid, trajectories of Morris' method, points of the base sample of
    Sobol's, runs of a discovery.
    """

    method: Annotated[str, BeforeValidator(_method_known)]
    size: Annotated[int | None, BeforeValidator(whole_number(1, MOST_RUNS))] = None
    second_order: bool | None = None
    seed: Annotated[int, BeforeValidator(whole_number(0, float("inf")))] = 1
    resamples: Annotated[int, BeforeValidator(whole_number(20, 10_000))] = 200


class EnsembleSchema(StrictModel):
    """Whether a run stands at the median parameters or is averaged over draws."""

    at: Literal["median", "draws"] = "median"
    draws: Annotated[int | None, BeforeValidator(whole_number(2, MOST_DRAWS))] = None


class SweepSchema(StrictModel):
    """The whole file; parameters and outcomes are checked one by one."""

    sweep: Text
    title: Title
    description: Text = ""
    scenario: Text
    parameters: dict[str, Any]
    outcomes: Annotated[tuple[Any, ...], BeforeValidator(as_tuple)]
    design: DesignSchema
    ensemble: EnsembleSchema = EnsembleSchema()

    @field_validator("sweep")
    @classmethod
    def _name(cls, value: str) -> str:
        if not is_name(value):
            raise Refusal(Reason(say("sweeps.is_not_sweep_name"), say("inputs.name")))
        return value
