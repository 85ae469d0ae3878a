"""A sweep from its file to its results: lay out the runs, compute them, write what matters."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import xarray as xr

from ..charts.parallel_drawing import DEFAULT, drawing
from ..computing.checkpoints import Store
from ..computing.output_files import Folder, write_csv, write_netcdf, write_zarr
from ..errors import OutputError
from ..forecast.fit import Atlas
from ..forecast.posterior_file import Posteriors
from ..inputs.seeds import Seeds
from ..results.run import attributes, provenance_of
from ..simulation.projector import EXACT_BYTES
from ..texts import say
from .experiment import compute
from .layout import experiment_of
from .results import COLUMNS, dataset, figures, index_rows
from .sweep_file import SweepFile

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_CHARTS: Final = 60


def run_sweep(
    file: SweepFile,
    seeds: Seeds,
    atlas: Atlas,
    posteriors: Posteriors,
    folder: Path,
    *,
    workers: int = 0,
    cluster: str | None = None,
    formats: Sequence[str] = (DEFAULT,),
    report: Callable[[int, int], None] = lambda done, total: None,
    notify: Callable[[str], None] = lambda text: None,
) -> xr.Dataset:
    """Compute a sweep and write its results.

    Parameters
    ----------
    file : SweepFile
    seeds : Seeds
    atlas : Atlas
    posteriors : Posteriors
    folder : pathlib.Path
        Of the results, as `output_files.check_writable` returned it. Finished blocks lie beside it
        until all is written.
    workers, cluster, report, notify
        As in `parallel.run_tasks`; the charts are drawn by as many local processes.
    formats : sequence of {"png", "svg", "pdf"}
        Of the charts; none are drawn where it is empty.

    Returns
    -------
    Dataset
        As written.
    """
    experiment = experiment_of(file, atlas, posteriors)
    design = experiment.design()
    stamp = fingerprint(file, seeds, posteriors)
    with Store.open(folder.parent / f".{folder.name}.parts", stamp) as store:
        if (note := store.note()) is not None:
            notify(note)
        fits = 8 * design.values.shape[0] * len(file.outcomes) <= EXACT_BYTES
        values = compute(
            experiment,
            design,
            store=store,
            workers=workers,
            cluster=cluster,
            report=report,
            notify=notify,
            scratch=None if fits else store.folder / "values.npy",
        )
        provenance = _provenance(file, seeds, posteriors)
        ds = dataset(file, experiment, design, values, seeds, attributes(provenance))
        try:
            _write(
                folder,
                file,
                ds,
                provenance,
                fits=fits,
                notify=notify,
                formats=formats,
                workers=workers,
            )
        except OSError as error:
            reason = error.strerror or str(error)
            raise OutputError(say("sweeps.cannot_write", folder=folder, reason=reason)) from None
    return ds


def _write(
    folder: Path,
    file: SweepFile,
    ds: xr.Dataset,
    provenance: Mapping[str, Any],
    *,
    fits: bool,
    notify: Callable[[str], None],
    formats: Sequence[str],
    workers: int,
) -> None:
    """Write all results of a sweep, whole or not at all."""
    charts = _charts(ds, notify) if formats else {}
    with Folder(folder) as out:
        with drawing(out.path, charts, formats, workers):
            if fits:
                write_netcdf(ds, out.path / "sweep.nc")
            else:
                write_zarr(out.path / "sweep.zarr", ds, "values")
            write_csv(out.path / "indices.csv", COLUMNS, index_rows(ds))
        out.write_run(file.resolved(), provenance)


def _provenance(file: SweepFile, seeds: Seeds, posteriors: Posteriors) -> dict[str, Any]:
    """What made a sweep; the draws are those that a run is averaged over."""
    text = json.dumps(file.resolved(), ensure_ascii=False, sort_keys=True)
    of_scenario = provenance_of(file.scenario, seeds, posteriors)
    return of_scenario | {
        "sweep_sha256": hashlib.sha256(text.encode()).hexdigest(),
        "draws": 1 if file.draws is None else file.draws,
    }


def _charts(ds: xr.Dataset, notify: Callable[[str], None]) -> dict[str, Callable[[], Figure]]:
    """Return the charts of a sweep, up to a number that somebody may still look at."""
    wanted = list(figures(ds))
    if len(wanted) > MOST_CHARTS:
        notify(say("sweeps.first_charts", most=MOST_CHARTS, count=len(wanted)))
    return dict(wanted[:MOST_CHARTS])


def fingerprint(file: SweepFile, seeds: Seeds, posteriors: Posteriors) -> str:
    """Everything asked for that decides the bits of a block, as a hash."""
    resolved = file.resolved()
    kept = ("parameters", "outcomes", "design", "ensemble")
    parts = [
        {key: resolved[key] for key in kept},
        file.scenario.sha256,
        seeds.sha256,
        posteriors.sha256,
    ]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
