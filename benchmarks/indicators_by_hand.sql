-- The seven federal indicators for the period that begins on 2021-04-01, written for DuckDB by hand: what the package is
-- timed beside. Tables of the contract.
CREATE MACRO months(later, earlier) AS
    12 * (year(later) - year(earlier)) + month(later) - month(earlier) - CASE WHEN day(later) < day(earlier) THEN 1 ELSE 0 END;
CREATE MACRO half_year(d) AS (12 * year(d) + month(d) + 2) // 6;

CREATE TEMP TABLE spells AS
WITH people AS (
    SELECT child_id, family_id, birth_date, CAST(birth_date + INTERVAL 216 MONTH AS DATE) AS reached FROM children
), aged AS (
    SELECT *, CASE WHEN day(reached) < day(birth_date) THEN reached + 1 ELSE reached END AS adult FROM people
), rows AS (
    SELECT removal_id, r.child_id, coalesce(family_id, 'child ' || r.child_id) AS cluster, county, birth_date, adult,
           removal_date, discharge_date, discharge_reason AS reason, least(discharge_date, adult) AS left_on,
           lead(removal_date) OVER (PARTITION BY r.child_id ORDER BY removal_date, removal_id) AS next_removal
    FROM removals AS r JOIN aged AS c ON c.child_id = r.child_id
)
SELECT *, coalesce(discharge_date >= adult, adult <= DATE '2024-06-30', false) AS turned_18,
       discharge_date IS NULL AND next_removal IS NOT NULL AS never_closed,
       coalesce(half_year(discharge_date) = half_year(next_removal), false) AS quick
FROM rows WHERE birth_date IS NOT NULL;

CREATE TEMP TABLE settings AS
SELECT s.removal_id, placement_id, start_date, end_date, provider,
       coalesce(trial_home_visit, type = 'trial_home_visit', false) AS is_visit,
       is_visit OR coalesce(type = 'runaway', false) AS is_absence
FROM placements AS p JOIN spells AS s ON s.child_id = p.child_id
WHERE start_date >= removal_date AND (left_on IS NULL OR start_date < left_on);

CREATE TEMP TABLE victims AS
SELECT child_id, report_id, min(report_date) AS report_date, min(incident_date) AS incident_date
FROM maltreatment_reports WHERE disposition IN ('substantiated', 'indicated') GROUP BY child_id, report_id;

CREATE TEMP TABLE entries AS
SELECT * FROM spells
WHERE removal_date >= DATE '2021-04-01' AND removal_date < DATE '2022-04-01' AND adult > removal_date
  AND (left_on IS NULL OR left_on - removal_date >= 8) AND NOT never_closed;

CREATE TEMP TABLE trials AS
WITH exits_ AS (
    SELECT *, row_number() OVER (PARTITION BY child_id ORDER BY discharge_date, removal_id) AS place FROM spells
    WHERE discharge_date >= DATE '2021-04-01' AND discharge_date < DATE '2022-04-01' AND NOT turned_18
      AND reason IN ('reunification', 'relative', 'guardianship') AND NOT coalesce(next_removal < discharge_date, false)
      AND NOT quick
), first_entries AS (
    SELECT *, row_number() OVER (PARTITION BY child_id ORDER BY removal_date, removal_id) AS place FROM entries
    WHERE NOT quick AND NOT (discharge_date IS NOT NULL AND reason IS NULL AND NOT turned_18)
), visits AS (
    SELECT removal_id, start_date AS visit FROM settings
    QUALIFY row_number() OVER (PARTITION BY removal_id ORDER BY start_date DESC, placement_id DESC) = 1 AND is_visit
), stays AS (
    SELECT *, months(DATE '2021-04-01', removal_date) AS been, coalesce(discharge_date < DATE '2022-04-01', false) AS ended
    FROM spells
    WHERE removal_date <= DATE '2021-04-01' AND (discharge_date IS NULL OR discharge_date > DATE '2021-04-01')
      AND adult > DATE '2021-04-01' AND NOT never_closed
), covered AS (
    SELECT e.*, placement_id, provider, is_absence, start_date,
           least(left_on, DATE '2022-04-01') AS until_, least(coalesce(end_date, until_), until_) AS ends,
           max(ends) OVER (PARTITION BY e.removal_id ORDER BY start_date, placement_id
                           ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS covered_to
    FROM entries AS e JOIN settings AS p ON p.removal_id = e.removal_id
    WHERE start_date < least(left_on, DATE '2022-04-01')
), placed AS (
    SELECT removal_id, any_value(child_id) AS child_id, any_value(cluster) AS cluster, any_value(county) AS county,
           sum(greatest(ends - greatest(start_date, coalesce(covered_to, start_date)), 0)) AS n
    FROM covered GROUP BY removal_id
), lived AS (
    SELECT removal_id, provider IS NOT NULL AND provider = lag(provider) OVER w AS same, row_number() OVER w AS place
    FROM covered WHERE NOT is_absence WINDOW w AS (PARTITION BY removal_id ORDER BY start_date, placement_id)
), moves AS (
    SELECT removal_id, count(*) FILTER (place > 1 AND NOT coalesce(same, false)) AS events FROM lived GROUP BY removal_id
), in_care AS (
    SELECT *, least(left_on, DATE '2022-04-01') - greatest(removal_date, DATE '2021-04-01') AS n FROM spells
    WHERE removal_date < DATE '2022-04-01' AND (discharge_date IS NULL OR discharge_date > DATE '2021-04-01')
      AND adult > greatest(removal_date, DATE '2021-04-01') AND NOT never_closed
      AND (left_on IS NULL OR left_on - removal_date >= 8)
), harm_days AS (
    SELECT DISTINCT removal_id, report_date AS d FROM in_care AS s JOIN victims AS v ON v.child_id = s.child_id
    WHERE report_date >= DATE '2021-04-01' AND report_date < DATE '2022-04-01' AND report_date >= removal_date + 7
      AND (left_on IS NULL OR report_date < left_on)
      AND NOT coalesce(incident_date < removal_date OR incident_date >= left_on, false)
), runs AS (
    SELECT *, d - row_number() OVER (PARTITION BY removal_id ORDER BY d)::INTEGER AS run FROM harm_days
), harm AS (
    SELECT removal_id, sum((size + 1) // 2) AS events FROM (SELECT removal_id, run, count(*) AS size FROM runs GROUP BY ALL)
    GROUP BY removal_id
), first_harm AS (
    SELECT v.*, c.birth_date, coalesce(c.family_id, 'child ' || v.child_id) AS cluster FROM victims AS v
    JOIN children AS c ON c.child_id = v.child_id
    WHERE report_date >= DATE '2021-04-01' AND report_date < DATE '2022-04-01' AND report_date >= birth_date
      AND months(report_date, birth_date) < 216
    QUALIFY row_number() OVER (PARTITION BY v.child_id ORDER BY report_date, report_id) = 1
), again AS (
    SELECT DISTINCT f.child_id FROM first_harm AS f JOIN victims AS v ON v.child_id = f.child_id
    WHERE v.report_date - f.report_date > 14 AND months(v.report_date, f.report_date) < 12
      AND NOT coalesce(v.incident_date = f.incident_date, false)
), newest AS (
    SELECT child_id, arg_max(county, (removal_date, removal_id)) AS county FROM spells WHERE county IS NOT NULL GROUP BY child_id
)
SELECT 'reentry' AS indicator, cluster, county, 1 AS n,
       CASE WHEN months(next_removal, discharge_date) < 12 AND next_removal < adult THEN 1 ELSE 0 END AS events
FROM exits_ WHERE place = 1
UNION ALL
SELECT 'permanency_entries', cluster, county, 1,
       CASE WHEN reason IN ('reunification', 'relative', 'guardianship', 'adoption') AND NOT turned_18
            AND months(CASE WHEN reason = 'reunification' AND left_on - visit > 30 THEN visit + 30 ELSE left_on END,
                       removal_date) < 12 THEN 1 ELSE 0 END
FROM first_entries AS e LEFT JOIN visits AS v ON v.removal_id = e.removal_id WHERE place = 1
UNION ALL
SELECT CASE WHEN been <= 23 THEN 'permanency_12_23' ELSE 'permanency_24' END, cluster, county, 1,
       CASE WHEN ended AND reason IN ('reunification', 'relative', 'guardianship', 'adoption') AND discharge_date < adult
            THEN 1 ELSE 0 END
FROM stays WHERE been >= 12 AND NOT (ended AND (quick OR (reason IS NULL AND NOT turned_18)))
UNION ALL
SELECT 'placement_stability', cluster, county, n, coalesce(events, 0)
FROM placed LEFT JOIN moves USING (removal_id) WHERE n > 0
UNION ALL
SELECT 'maltreatment_in_care', cluster, county, n, coalesce(events, 0) FROM in_care LEFT JOIN harm USING (removal_id)
UNION ALL
SELECT 'recurrence', cluster, county, 1, CASE WHEN a.child_id IS NULL THEN 0 ELSE 1 END
FROM first_harm AS f LEFT JOIN again AS a ON a.child_id = f.child_id LEFT JOIN newest AS w ON w.child_id = f.child_id;

CREATE TEMP TABLE indicators AS
WITH families AS (
    SELECT indicator, county, cluster, sum(n)::BIGINT AS n, sum(events)::BIGINT AS events FROM trials GROUP BY ALL
)
SELECT indicator, county, sum(n) AS n, sum(events) AS events, count(*) FILTER (n > 0) AS clusters, sum(n * n) AS n_squared,
       sum(events * events) AS events_squared, sum(n * events) AS n_events
FROM families GROUP BY ALL;
