-- Every exit with what was known of it that day, and the start–stop rows of re-entry, written for DuckDB by hand:
-- what the package is timed beside. Tables children, removals, placements, services; exits 2005–2023; programs coach and respite; the rules' default values.
CREATE TEMP TABLE episodes AS
WITH spells AS (
    SELECT *, coalesce(discharge_date, DATE '9999-12-31') AS last_day FROM removals
    WHERE removal_date <= DATE '2024-06-30'
), covered AS (
    SELECT *, max(last_day) OVER (PARTITION BY child_id ORDER BY removal_date, last_day, removal_id
                                  ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS covered_to
    FROM spells
), numbered AS (
    SELECT *, sum(CASE WHEN covered_to IS NULL OR removal_date - covered_to > 1 THEN 1 ELSE 0 END)
              OVER (PARTITION BY child_id ORDER BY removal_date, last_day, removal_id) AS number
    FROM covered
)
SELECT child_id, number, min(removal_date) AS removal_date,
       nullif(max(last_day), DATE '9999-12-31') AS discharge_date,
       arg_max_null(discharge_reason, (last_day, removal_date, removal_id)) AS reason,
       arg_max_null(household_id, (last_day, removal_date, removal_id)) AS household_id
FROM numbered GROUP BY child_id, number;

CREATE TEMP TABLE stays AS
WITH limits AS (
    SELECT *, CAST(birth_date + INTERVAL 216 MONTH AS DATE) AS reached FROM children
)
SELECT e.*, family_id, CASE WHEN death_date <= DATE '2024-06-30' THEN death_date END AS death_date,
       CASE WHEN day(reached) < day(birth_date) THEN reached + 1 ELSE reached END AS age_limit,
       lead(e.removal_date) OVER (PARTITION BY e.child_id ORDER BY number) AS next_removal
FROM episodes AS e JOIN limits AS c ON c.child_id = e.child_id;

CREATE TEMP TABLE exits AS
SELECT child_id || '-' || row_number() OVER (PARTITION BY child_id ORDER BY discharge_date, number) AS exit_id, *,
       discharge_date AS index_date
FROM stays
WHERE discharge_date BETWEEN DATE '2005-01-01' AND DATE '2023-12-31' AND DATE '2024-06-30' - discharge_date > 1
  AND reason IN ('reunification', 'relative', 'guardianship', 'adoption') AND discharge_date < age_limit
  AND (death_date IS NULL OR death_date > discharge_date) AND discharge_date - removal_date >= 8;

CREATE TEMP TABLE ends AS
WITH days AS (
    SELECT exit_id, CASE WHEN next_removal < age_limit THEN next_removal - index_date END AS outcome,
           death_date - index_date AS death, age_limit - index_date AS age_limit,
           DATE '2024-06-30' - index_date AS data_end
    FROM exits
), first AS (SELECT *, least(outcome, death, age_limit, 730, data_end) AS ends FROM days)
SELECT exit_id, CAST(1 AS INTEGER) AS begins, CAST(ends AS INTEGER) AS ends,
       CASE WHEN outcome = ends THEN 1 WHEN death = ends OR age_limit = ends THEN 2 ELSE 0 END AS event,
       CASE ends WHEN outcome THEN 'outcome' WHEN death THEN 'death' WHEN age_limit THEN 'age_limit'
                 WHEN 730 THEN 'horizon' ELSE 'data_end' END AS end_reason
FROM first WHERE ends > 1;

CREATE TEMP TABLE spells AS
WITH reached AS (
    SELECT exit_id, index_date, service_id FROM services AS s JOIN exits AS e ON e.child_id = s.child_id
    UNION SELECT exit_id, index_date, service_id FROM services AS s JOIN exits AS e ON e.family_id = s.family_id
    UNION SELECT exit_id, index_date, service_id FROM services AS s JOIN exits AS e ON e.household_id = s.household_id
)
SELECT exit_id, program, service_id, start_date - index_date AS enters,
       coalesce(end_date - index_date, 1000000) AS leaves, leaves < 0 AND enters < -60 AS earlier
FROM reached JOIN services USING (service_id) WHERE program IN ('coach', 'respite');

CREATE TEMP TABLE intervals AS
WITH covered AS (
    SELECT *, max(leaves) OVER (PARTITION BY exit_id, program ORDER BY enters, leaves, service_id
                                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS covered_to
    FROM spells WHERE NOT earlier
), placed AS (
    SELECT *, sum(CASE WHEN covered_to IS NULL OR enters > covered_to + 1 THEN 1 ELSE 0 END)
              OVER (PARTITION BY exit_id, program ORDER BY enters, leaves, service_id) AS place FROM covered
)
SELECT exit_id, program, min(enters) AS enters, max(leaves) AS leaves FROM placed
GROUP BY exit_id, program, place HAVING place = 1 OR max(leaves) > min(enters);

CREATE TEMP TABLE exits_by_hand AS
WITH placed AS (
    SELECT exit_id, type, coalesce(type, '') NOT IN ('trial_home_visit', 'runaway', 'hospital',
               'juvenile_justice_facility') AS setting,
           struct_pack(s := p.start_date, e := least(coalesce(p.end_date, discharge_date), discharge_date),
                       k := placement_id) AS place
    FROM placements AS p JOIN exits AS e ON p.child_id = e.child_id AND p.start_date >= e.removal_date
        AND p.start_date < e.discharge_date
), history AS (
    SELECT exit_id, count(*) FILTER (setting) AS placements,
           bool_or(setting AND coalesce(type = 'relative_foster_home', false)) AS kin_care,
           bool_or(setting AND coalesce(type IN ('group_home', 'shelter', 'residential_treatment',
                                                 'child_care_institution'), false)) AS congregate_care,
           count(*) FILTER (type = 'trial_home_visit') AS trial_home_visits,
           arg_max_null(type, place) FILTER (setting) AS last_placement
    FROM placed GROUP BY exit_id
), siblings AS (
    SELECT exit_id, count(DISTINCT s.child_id) AS siblings FROM exits AS e
    JOIN stays AS s ON s.family_id = e.family_id AND s.child_id <> e.child_id AND s.removal_date <= e.index_date
        AND (s.discharge_date IS NULL OR s.discharge_date > e.removal_date)
    GROUP BY exit_id
), timing AS (
    SELECT exit_id, coalesce(bool_or(NOT earlier AND enters <= 0) FILTER (program = 'coach'), false) AS coach_known,
           coalesce(bool_or(earlier) FILTER (program = 'coach'), false) AS coach_earlier,
           coalesce(bool_or(NOT earlier AND enters <= 0) FILTER (program = 'respite'), false) AS respite_known,
           coalesce(bool_or(earlier) FILTER (program = 'respite'), false) AS respite_earlier
    FROM spells GROUP BY exit_id
), opening AS (
    SELECT exit_id, min(enters) FILTER (program = 'coach') AS coach_start,
           min(enters) FILTER (program = 'respite') AS respite_start,
           arg_min(leaves, enters) FILTER (program = 'coach') AS coach_end,
           arg_min(leaves, enters) FILTER (program = 'respite') AS respite_end
    FROM intervals GROUP BY exit_id
)
SELECT exit_id, e.child_id, index_date, reason AS exit_type, removal_date, number - 1 AS prior_episodes,
       CAST(index_date - removal_date AS INTEGER) AS days_in_care, sex, race_ethnicity,
       year(index_date) - year(birth_date) - CASE WHEN (month(index_date), day(index_date)) <
           (month(birth_date), day(birth_date)) THEN 1 ELSE 0 END AS age_at_exit,
       CAST(age_limit - index_date AS INTEGER) AS age_limit_day, household_id, e.family_id AS removal_family_id,
       h.placements, kin_care, congregate_care, trial_home_visits, last_placement,
       CASE WHEN e.family_id IS NOT NULL THEN coalesce(siblings, 0) END AS siblings_in_care,
       coalesce(coach_known, false) AS known_at_exit_coach, coalesce(coach_earlier, false) AS earlier_coach,
       coalesce(respite_known, false) AS known_at_exit_respite, coalesce(respite_earlier, false) AS earlier_respite,
       coach_start AS start_day_coach, nullif(coach_end, 1000000) AS end_day_coach,
       respite_start AS start_day_respite, nullif(respite_end, 1000000) AS end_day_respite
FROM exits AS e JOIN (SELECT child_id, birth_date, sex, race_ethnicity FROM children) AS c USING (child_id)
LEFT JOIN history AS h USING (exit_id) LEFT JOIN siblings USING (exit_id)
LEFT JOIN timing USING (exit_id) LEFT JOIN opening USING (exit_id);

CREATE TEMP TABLE support AS
WITH back AS (
    SELECT *, reason IS NOT DISTINCT FROM 'reunification' AS returned,
           reason IS NOT DISTINCT FROM 'reunification' AND row_number() OVER (
               PARTITION BY child_id, household_id, reason IS NOT DISTINCT FROM 'reunification'
               ORDER BY removal_date, number) = 1 AS first_return,
           least(discharge_date, death_date, age_limit) AS gone
    FROM stays
), home AS (SELECT * FROM exits WHERE reason = 'reunification' AND household_id IS NOT NULL
), pairs AS (
    SELECT h.exit_id, h.index_date, h.household_id AS own, b.* FROM home AS h
    JOIN back AS b ON b.family_id = h.family_id AND b.child_id <> h.child_id
    UNION ALL
    SELECT h.exit_id, h.index_date, h.household_id AS own, b.* FROM home AS h
    JOIN back AS b ON b.household_id = h.household_id AND b.child_id <> h.child_id
), judged AS (
    SELECT *, removal_date <= index_date AND coalesce(gone > index_date, true)
              AND NOT ((discharge_date IS NULL OR returned) AND coalesce(household_id <> own, false)) AS holds
    FROM pairs
), held AS (
    SELECT exit_id, max(coalesce(gone - index_date, 1000000)) AS released FROM judged WHERE holds GROUP BY exit_id
), windows AS (
    SELECT exit_id, CAST(0 AS INTEGER) AS opens,
           CAST(index_date + INTERVAL 12 MONTH AS DATE) - index_date AS closes FROM exits
    UNION SELECT exit_id, discharge_date - index_date, CAST(discharge_date + INTERVAL 12 MONTH AS DATE) - index_date
    FROM judged WHERE returned AND household_id = own AND discharge_date > index_date AND (first_return OR holds)
), points AS (
    SELECT exit_id, 0 AS enters FROM exits
    UNION SELECT exit_id, released - 1 FROM held
    UNION SELECT exit_id, opens - 1 FROM windows
    UNION SELECT exit_id, closes - 1 FROM windows
), states AS (
    SELECT p.exit_id, enters,
           CASE WHEN enters + 1 < max(released) THEN 'before'
                WHEN bool_or(opens <= enters + 1 AND enters + 1 < closes) THEN 'in' ELSE 'after' END AS support_status
    FROM points AS p JOIN windows USING (exit_id) LEFT JOIN held USING (exit_id)
    WHERE enters >= 0 GROUP BY p.exit_id, enters
), changes AS (
    SELECT *, lag(support_status) OVER (PARTITION BY exit_id ORDER BY enters) AS earlier FROM states
)
SELECT exit_id, support_status, enters,
       coalesce(lead(enters) OVER (PARTITION BY exit_id ORDER BY enters), 1000000) AS leaves
FROM changes WHERE support_status IS DISTINCT FROM earlier;

CREATE TEMP TABLE ages AS
WITH born AS (SELECT exit_id, index_date, birth_date FROM exits JOIN children USING (child_id)
), reached AS (
    SELECT *, CAST(birth_date + INTERVAL 4 MONTH AS DATE) AS b1, CAST(birth_date + INTERVAL 12 MONTH AS DATE) AS b2,
           CAST(birth_date + INTERVAL 72 MONTH AS DATE) AS b3, CAST(birth_date + INTERVAL 132 MONTH AS DATE) AS b4,
           CAST(birth_date + INTERVAL 204 MONTH AS DATE) AS b5
    FROM born
)
SELECT exit_id,
       b1 - index_date - CASE WHEN day(b1) < day(birth_date) THEN 0 ELSE 1 END AS t1,
       b2 - index_date - CASE WHEN day(b2) < day(birth_date) THEN 0 ELSE 1 END AS t2,
       b3 - index_date - CASE WHEN day(b3) < day(birth_date) THEN 0 ELSE 1 END AS t3,
       b4 - index_date - CASE WHEN day(b4) < day(birth_date) THEN 0 ELSE 1 END AS t4,
       b5 - index_date - CASE WHEN day(b5) < day(birth_date) THEN 0 ELSE 1 END AS t5
FROM reached;

CREATE TEMP TABLE rows_by_hand AS
WITH changes AS (
    SELECT exit_id, enters AS start FROM intervals UNION ALL SELECT exit_id, leaves FROM intervals
    UNION ALL SELECT exit_id, enters FROM support
    UNION ALL SELECT exit_id, unnest([t1, t2, t3, t4, t5]) FROM ages
), points AS (
    SELECT exit_id, begins AS start FROM ends
    UNION SELECT exit_id, start FROM changes JOIN ends USING (exit_id) WHERE start > begins AND start < ends
), split AS (
    SELECT exit_id, start, coalesce(lead(start) OVER (PARTITION BY exit_id ORDER BY start), ends) AS stop, ends, event,
           end_reason
    FROM points JOIN ends USING (exit_id)
), served AS (
    SELECT exit_id, start,
           bool_or(program = 'coach') AS coach_begun, bool_or(program = 'coach' AND start < leaves) AS coach_now,
           sum(CASE WHEN program = 'coach' THEN least(start, leaves) - enters ELSE 0 END) AS coach_days,
           bool_or(program = 'respite') AS respite_begun, bool_or(program = 'respite' AND start < leaves) AS respite_now,
           sum(CASE WHEN program = 'respite' THEN least(start, leaves) - enters ELSE 0 END) AS respite_days
    FROM split JOIN intervals USING (exit_id) WHERE enters <= start GROUP BY exit_id, start
)
SELECT exit_id, CAST(start AS INTEGER) AS start, CAST(stop AS INTEGER) AS stop,
       CAST(CASE WHEN stop = ends THEN event ELSE 0 END AS INTEGER) AS event,
       CASE WHEN stop = ends THEN end_reason END AS end_reason,
       CASE WHEN coach_now THEN 'in service' WHEN coach_begun THEN 'after' ELSE 'before' END AS exposure_coach,
       CAST(coalesce(coach_days, 0) AS INTEGER) AS dose_coach,
       CASE WHEN respite_now THEN 'in service' WHEN respite_begun THEN 'after' ELSE 'before' END AS exposure_respite,
       CAST(coalesce(respite_days, 0) AS INTEGER) AS dose_respite,
       support_status,
       CASE WHEN start < t1 THEN '0-3 months' WHEN start < t2 THEN '4-11 months' WHEN start < t3 THEN '1-5'
            WHEN start < t4 THEN '6-10' WHEN start < t5 THEN '11-16' ELSE '17' END AS age_band
FROM split LEFT JOIN served USING (exit_id, start)
JOIN support USING (exit_id)
JOIN ages USING (exit_id)
WHERE start >= enters AND start < leaves;
