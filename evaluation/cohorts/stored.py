"""A cohort in files, and back: its stages as Parquet, the rest as JSON."""

import json
from dataclasses import asdict, fields
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from ibis.expr.types import Table

from evaluation.cohorts.adoption import AdoptionLink
from evaluation.cohorts.build import cohort_of
from evaluation.cohorts.cohort import Cohort
from evaluation.cohorts.records import Records
from evaluation.cohorts.stages import Stages
from evaluation.cohorts.taxonomy import program_kinds
from evaluation.errors import DataError
from evaluation.sources import Agency
from evaluation.sources.engines import release
from evaluation.sources.stored import (
    UNREADABLE,
    fetch_table,
    refuse_other_types,
    store_table,
    types_of,
)
from evaluation.study import Study

_FLOW, _TOLD = "flow.parquet", "cohort.json"
_STAGES = tuple(stage.name for stage in fields(Stages) if stage.name != "records")


def store_cohort(cohort: Cohort, folder: Path) -> None:
    """Write a cohort into an empty folder."""
    connection = cohort.stages.records.agency.connection
    tables = {name: getattr(cohort.stages, name) for name in _STAGES}
    for name, table in tables.items():
        store_table(connection, table, folder / f"{name}.parquet")
    pq.write_table(pa.Table.from_pandas(cohort.flow, preserve_index=False), folder / _FLOW)
    told = {
        "columns": cohort.columns,
        "link": asdict(cohort.link),
        "types": {name: types_of(table) for name, table in tables.items()},
    }
    (folder / _TOLD).write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")


def fetch_cohort(agency: Agency, study: Study, folder: Path) -> Cohort:
    """Read what `store_cohort` wrote, for the agency and the rules it was built from.

    Worked children (``[[assurance]]``) are not asked again: a cohort they
    contradict is never stored.

    Raises
    ------
    DataError
        If a table does not come back as it was stored.
    StudyError
        If the study names covariates or groups that the cohort does not have.
    """
    records, kinds = Records(agency, study.cohort), program_kinds(study)
    try:
        told = json.loads((folder / _TOLD).read_text(encoding="utf-8"))
        tables = {name: _stage(records, folder, name, told["types"][name]) for name in _STAGES}
        link = AdoptionLink(**told["link"])
        flow = pd.read_parquet(folder / _FLOW)
    except UNREADABLE as error:
        raise DataError(f"it cannot be read ({error})") from None
    return cohort_of(study, flow, told["columns"], link, Stages(records, **tables), kinds)


def _stage(records: Records, folder: Path, name: str, types: dict[str, str]) -> Table:
    connection, held = records.agency.connection, f"stored_{name}"
    try:
        table = fetch_table(connection, folder / f"{name}.parquet", held)
        refuse_other_types(table, types)
        return records.stage(table)
    finally:
        release(connection, [held])
