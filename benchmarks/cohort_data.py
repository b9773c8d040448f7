"""A state's records, made by lot in DuckDB itself, as large as one asks."""

from pathlib import Path

import duckdb

PROGRAMS = ("coach", "respite", "therapy")
FIRST, THROUGH = "2004-01-01", "2024-06-30"

_RANDOM = "hash({salt}, {key}) / 18446744073709551616.0"


def drawn(salt: int, *key: str) -> str:
    """SQL of a number from 0 to 1 that depends on the key alone, not on the order of work."""
    return "(" + _RANDOM.format(salt=salt, key=", ".join(key)) + ")"


def days(salt: int, low: int, high: int, *key: str) -> str:
    """SQL of a whole number from ``low`` to ``high - 1``."""
    return f"CAST(floor({low} + {high - low} * {drawn(salt, *key)}) AS INTEGER)"


CHILDREN = f"""
CREATE TABLE children AS
SELECT 'C' || lpad(n::VARCHAR, 9, '0') AS child_id,
       CASE WHEN {drawn(1, "n")} < 0.97 THEN 'F' || lpad((n * 5 // 9)::VARCHAR, 9, '0') END AS family_id,
       DATE '{FIRST}' - 3000 + {days(2, 0, 8500, "n")} AS birth_date,
       CASE WHEN {drawn(3, "n")} < 0.004 THEN DATE '2012-01-01' + {days(4, 0, 4500, "n")} END AS death_date,
       CASE WHEN {drawn(5, "n")} < 0.5 THEN 'female' ELSE 'male' END AS sex,
       CASE WHEN {drawn(6, "n")} < 0.6 THEN 'white' WHEN {drawn(6, "n")} < 0.9 THEN 'black' ELSE 'hispanic' END
           AS race_ethnicity
FROM range({{children}}) AS r(n)
"""

REMOVALS = f"""
CREATE TABLE removals AS
WITH spells AS (
    SELECT n, child_id, family_id, k,
           greatest(birth_date + 1, DATE '{FIRST}') + {days(11, 0, 3600, "n")} + CAST(900 * k AS INTEGER) + {days(12, 0, 300, "n", "k")}
               AS removal_date,
           {days(13, 1, 880, "n", "k")} AS stay
    FROM (SELECT CAST(substr(child_id, 2) AS BIGINT) AS n, child_id, family_id, birth_date FROM children), range(4) AS k(k)
    WHERE k = 0 OR {drawn(14, "n")} < CASE k WHEN 1 THEN 0.3 WHEN 2 THEN 0.08 ELSE 0.02 END
)
SELECT 'R' || lpad(n::VARCHAR, 9, '0') || k AS removal_id, child_id, removal_date,
       CASE WHEN open THEN NULL ELSE removal_date + stay END AS discharge_date,
       CASE WHEN open THEN NULL WHEN {drawn(15, "n", "k")} < 0.55 THEN 'reunification'
            WHEN {drawn(15, "n", "k")} < 0.65 THEN 'relative' WHEN {drawn(15, "n", "k")} < 0.78 THEN 'guardianship'
            WHEN {drawn(15, "n", "k")} < 0.92 THEN 'adoption' ELSE 'emancipation' END AS discharge_reason,
       CASE WHEN open THEN NULL WHEN {drawn(16, "n", "k")} < 0.85 THEN 'H' || substr(coalesce(family_id, child_id), 2)
            WHEN {drawn(16, "n", "k")} < 0.97 THEN 'P' || lpad({days(17, 0, 40_000_000, "n", "k")}::VARCHAR, 9, '0')
            END AS household_id,
       'county ' || (n * 5 // 9 % 72) AS county
FROM (SELECT *, removal_date + stay > DATE '{THROUGH}' OR {drawn(18, "n", "k")} < 0.03 AS open FROM spells)
WHERE removal_date <= DATE '{THROUGH}'
"""

SERVICES = f"""
CREATE TABLE services AS
WITH drawn AS (
    SELECT s.n, 'C' || lpad(c::VARCHAR, 9, '0') AS child_id, {drawn(21, "s.n")} AS way, {drawn(22, "s.n")} AS kind,
           {days(23, -50, 700, "s.n")} AS lag, {days(24, 0, 400, "s.n")} AS lasts, {drawn(25, "s.n")} AS open
    FROM (SELECT n, {days(26, 0, 1_000_000_000, "n")} % {{children}} AS c FROM range({{children}} * 15 // 4) AS r(n)) AS s
),
begun AS (
    SELECT d.*, f.family_id, f.first_exit + lag AS start_date
    FROM drawn AS d JOIN (
        SELECT c.child_id, family_id, coalesce(min(discharge_date), min(removal_date)) AS first_exit
        FROM children AS c JOIN removals AS r ON r.child_id = c.child_id GROUP BY ALL
    ) AS f ON f.child_id = d.child_id
)
SELECT 'S' || lpad(n::VARCHAR, 10, '0') AS service_id,
       CASE WHEN way < 0.4 OR family_id IS NULL THEN child_id END AS child_id,
       CASE WHEN way >= 0.4 AND way < 0.8 THEN family_id END AS family_id,
       CASE WHEN way >= 0.8 AND family_id IS NOT NULL THEN 'H' || substr(family_id, 2) END AS household_id,
       CASE WHEN kind < 0.4 THEN '{PROGRAMS[0]}' WHEN kind < 0.7 THEN '{PROGRAMS[1]}' ELSE '{PROGRAMS[2]}' END AS program,
       start_date,
       CASE WHEN open < 0.9 AND start_date + lasts <= DATE '{THROUGH}' THEN start_date + lasts END AS end_date
FROM begun WHERE start_date <= DATE '{THROUGH}'
"""

PLACEMENTS = f"""
CREATE TABLE placements AS
WITH moves AS (
    SELECT removal_id, child_id, removal_date, coalesce(discharge_date, DATE '{THROUGH}') AS last_day, m,
           {days(31, 6, 11, "removal_id")} AS many
    FROM removals, range(11) AS m(m)
)
SELECT removal_id || '-' || m AS placement_id, removal_id, child_id,
       removal_date + CAST((last_day - removal_date) * m // many AS INTEGER) AS start_date,
       CASE WHEN m < many - 1 OR last_day < DATE '{THROUGH}'
            THEN removal_date + CAST((last_day - removal_date) * (m + 1) // many AS INTEGER) END AS end_date,
       CASE CAST({drawn(32, "removal_id", "m")} * 5 AS INTEGER) WHEN 0 THEN 'relative_foster_home'
            WHEN 1 THEN 'group_home' ELSE 'foster_home' END AS type
FROM moves WHERE m < many

"""


def make(path: Path, children: int) -> dict[str, int]:
    """Write a database file with children, removals, services and placements.

    Per million children about 1.1 million discharges to permanency, 3 million
    service spells and 10 million placements. The same number of children gives
    the same rows.

    Returns
    -------
    dict of str to int
        Rows by table.
    """
    path.unlink(missing_ok=True)
    with duckdb.connect(str(path), config={"memory_limit": "3GB"}) as connection:
        connection.execute("SET preserve_insertion_order = false")
        for statement in (CHILDREN, REMOVALS, SERVICES, PLACEMENTS):
            connection.execute(statement.format(children=children))
        tables = ("children", "removals", "services", "placements")
        return {t: connection.sql(f"SELECT count(*) FROM {t}").fetchone()[0] for t in tables}
