-- The eight measures of measures.toml, written for DuckDB by hand: what the package is timed beside. Tables of the
-- contract, and four tables of the cohort as built: exits, stays (every stay of every child), ends (closures beside the
-- exits they reach) and waits (the days a sibling bound for the household was still in care).
CREATE TEMP TABLE home AS
SELECT exit_id, child_id, family_id, removal_family_id, household_id, county, index_date,
       least(next_removal_date, age_limit_date, death_date, index_date + move_day) AS left_date
FROM exits WHERE exit_type = 'reunification';

CREATE TEMP TABLE household_days AS
WITH firsts AS (
    SELECT household_id, removal_date, discharge_date FROM stays
    WHERE standing <> 'protective' AND discharge_reason = 'reunification' AND household_id IS NOT NULL
    QUALIFY row_number() OVER (PARTITION BY child_id, household_id ORDER BY removal_date, number) = 1
), days AS (
    SELECT household_id, discharge_date AS day, min(removal_date) AS in_care_since FROM firsts GROUP BY ALL
), linked AS (
    SELECT *, lag(day) OVER (PARTITION BY household_id ORDER BY day) AS before,
           coalesce(day < before + INTERVAL 12 MONTH, false) OR coalesce(in_care_since <= before, false) AS continues
    FROM days
), chained AS (
    SELECT *, count(*) FILTER (NOT continues) OVER (PARTITION BY household_id ORDER BY day) AS chain FROM linked
)
SELECT household_id, day, before, continues, min(day) OVER w AS opened, max(day) OVER w AS start
FROM chained WINDOW w AS (PARTITION BY household_id, chain);

CREATE TEMP TABLE replaced AS
SELECT household_id, before AS start, day AS replaced_on FROM household_days WHERE continues;

CREATE TEMP TABLE windows AS
WITH final AS (
    SELECT DISTINCT household_id, opened, start FROM household_days
), own AS (
    SELECT e.*, coalesce(f.start, index_date) AS window_start,
           CAST(coalesce(f.start, index_date) + INTERVAL 12 MONTH AS DATE) AS window_end,
           CASE WHEN f.start IS NULL THEN 'child ' || exit_id ELSE 'home ' || e.household_id || ' ' || f.start END AS unit
    FROM home AS e LEFT JOIN final AS f ON f.household_id = e.household_id AND index_date BETWEEN opened AND start
), closed AS (
    SELECT exit_id, min(index_date + closure_day) AS closed FROM ends JOIN own USING (exit_id)
    WHERE ends_window AND index_date + closure_day >= window_start GROUP BY exit_id
), waiting AS (
    SELECT exit_id, max(leave) AS waits_to FROM waits GROUP BY exit_id
), units AS (
    SELECT unit, min(index_date) AS first_return, max(coalesce(left_date, DATE '9999-12-31')) AS all_left,
           min(closed) AS closed, coalesce(bool_or(waits_to >= DATE '2024-06-30' - index_date), false) AS pending
    FROM own LEFT JOIN closed USING (exit_id) LEFT JOIN waiting USING (exit_id) GROUP BY unit
)
SELECT own.*, first_return, closed, pending, least(window_end, closed, all_left) AS support_end
FROM own JOIN units USING (unit);

CREATE TEMP TABLE business_days AS
WITH fixed AS (
    SELECT make_date(y, m, d) AS day FROM range(2016, 2027) AS years(y), (VALUES (1, 1), (7, 4), (11, 11), (12, 25)) AS v(m, d)
    UNION ALL SELECT make_date(y, 6, 19) FROM range(2021, 2027) AS years(y)
), nth AS (
    SELECT make_date(y, m, 1) AS month, weekday, place FROM range(2016, 2027) AS years(y),
           (VALUES (1, 1, 3), (2, 1, 3), (9, 1, 1), (10, 1, 2), (11, 4, 4)) AS v(m, weekday, place)
), holidays AS (
    SELECT CASE dayofweek(day) WHEN 6 THEN day - 1 WHEN 0 THEN day + 1 ELSE day END AS day FROM fixed
    UNION SELECT month + (weekday - dayofweek(month) + 7)::INTEGER % 7 + 7 * (place - 1) FROM nth
    UNION SELECT make_date(y, 5, 31) - (isodow(make_date(y, 5, 31)) - 1)::INTEGER FROM range(2016, 2027) AS years(y)
), days AS (
    SELECT day::DATE AS day, isodow(day) < 6 AND day::DATE NOT IN (SELECT day FROM holidays) AS open
    FROM range(DATE '2017-01-01', DATE '2026-12-01', INTERVAL 1 DAY) AS d(day)
), numbered AS (
    SELECT *, count(*) FILTER (open) OVER (ORDER BY day) AS number FROM days
)
SELECT d.day, later.day AS third FROM numbered AS d JOIN numbered AS later ON later.open AND later.number = d.number + 3;

CREATE TEMP TABLE contacts_reached AS
SELECT exit_id, contact_id, contact_date, entered_date, completed FROM contacts AS r JOIN home AS e ON e.child_id = r.child_id
UNION ALL
SELECT exit_id, contact_id, contact_date, entered_date, completed
FROM contacts AS r JOIN home AS e ON e.removal_family_id = r.family_id WHERE e.child_id IS DISTINCT FROM r.child_id
UNION ALL
SELECT exit_id, contact_id, contact_date, entered_date, completed
FROM contacts AS r JOIN home AS e ON e.household_id = r.household_id
WHERE e.child_id IS DISTINCT FROM r.child_id AND e.removal_family_id IS DISTINCT FROM r.family_id;

CREATE TEMP TABLE meetings_reached AS
WITH asked AS (
    SELECT * FROM meetings WHERE meeting_type IN ('family_team', 'staffing_six_month', 'staffing_closure')
)
SELECT exit_id, meeting_id, meeting_type, meeting_date FROM asked AS r JOIN home AS e ON e.child_id = r.child_id
UNION ALL
SELECT exit_id, meeting_id, meeting_type, meeting_date
FROM asked AS r JOIN home AS e ON e.removal_family_id = r.family_id WHERE e.child_id IS DISTINCT FROM r.child_id
UNION ALL
SELECT exit_id, meeting_id, meeting_type, meeting_date FROM asked AS r JOIN home AS e ON e.household_id = r.household_id
WHERE e.child_id IS DISTINCT FROM r.child_id AND e.removal_family_id IS DISTINCT FROM r.family_id;

CREATE TEMP TABLE measures AS
WITH cans AS (
    SELECT child_id, family_id, household_id, assessment_date FROM assessments WHERE instrument = 'cans'
), cans_reached AS (
    SELECT exit_id, assessment_date FROM cans AS r JOIN home AS e ON e.child_id = r.child_id
    UNION ALL SELECT exit_id, assessment_date FROM cans AS r JOIN home AS e ON e.removal_family_id = r.family_id
    UNION ALL SELECT exit_id, assessment_date FROM cans AS r JOIN home AS e ON e.household_id = r.household_id
), allegations AS (
    SELECT * FROM case_events WHERE event_type = 'new_allegation'
), allegations_reached AS (
    SELECT exit_id, event_id, event_date FROM allegations AS r JOIN home AS e ON e.child_id = r.child_id
    UNION SELECT exit_id, event_id, event_date FROM allegations AS r JOIN home AS e ON e.removal_family_id = r.family_id
    UNION SELECT exit_id, event_id, event_date FROM allegations AS r JOIN home AS e ON e.household_id = r.household_id
), closures_reached AS (
    SELECT exit_id, closure_id, closure_date FROM closures AS r JOIN home AS e ON e.child_id = r.child_id
    UNION SELECT exit_id, closure_id, closure_date FROM closures AS r JOIN home AS e ON e.removal_family_id = r.family_id
    UNION SELECT exit_id, closure_id, closure_date FROM closures AS r JOIN home AS e ON e.household_id = r.household_id
), called AS (
    SELECT 'called' AS measure, exit_id AS case_id, exit_id, family_id, index_date AS anchor, index_date + 7 AS due,
           NULL::DATE AS support_end,
           EXISTS (SELECT 1 FROM contacts_reached AS c WHERE c.exit_id = home.exit_id AND completed
                   AND contact_date BETWEEN index_date AND index_date + 7) AS held
    FROM home
), met AS (
    SELECT 'met', exit_id, exit_id, family_id, index_date, index_date - 1, NULL::DATE,
           EXISTS (SELECT 1 FROM meetings_reached AS m WHERE m.exit_id = home.exit_id AND meeting_type = 'family_team'
                   AND meeting_date BETWEEN index_date - 30 AND index_date - 1)
    FROM home
), documented AS (
    SELECT 'R16', contact_id, min(exit_id), min(family_id), contact_date, any_value(third), NULL::DATE,
           coalesce(any_value(entered_date BETWEEN contact_date AND third), false)
    FROM contacts_reached JOIN windows USING (exit_id) JOIN business_days ON day = contact_date
    WHERE contact_date >= first_return AND contact_date <= support_end
      AND (contact_date < window_end OR coalesce(contact_date = closed, false))
    GROUP BY contact_id, contact_date
), returns AS (
    SELECT 'R20', unit || ' ' || index_date, min(exit_id), min(family_id), index_date, index_date - 1, NULL::DATE,
           bool_or(EXISTS (SELECT 1 FROM meetings_reached AS m WHERE m.exit_id = windows.exit_id
                           AND meeting_type = 'family_team' AND meeting_date BETWEEN index_date - 30 AND index_date - 1))
    FROM windows GROUP BY unit, index_date
), half_years AS (
    SELECT *, CAST(window_start + INTERVAL 6 MONTH AS DATE) AS anchor FROM windows WHERE NOT pending
), staffed AS (
    SELECT 'R26', unit, min(exit_id), min(family_id), anchor, anchor + 30, max(support_end),
           bool_or(EXISTS (SELECT 1 FROM meetings_reached AS m WHERE m.exit_id = half_years.exit_id
                           AND meeting_type = 'staffing_six_month' AND meeting_date BETWEEN anchor - 30 AND anchor + 30))
    FROM half_years GROUP BY unit, anchor
), closing AS (
    SELECT closure_id, closure_date, windows.* FROM closures_reached JOIN windows USING (exit_id)
    WHERE closure_date >= first_return AND closure_date <= support_end
      AND (closure_date < window_end OR coalesce(closure_date = closed, false))
), staffed_at_closure AS (
    SELECT 'R27', closure_id, min(exit_id), min(family_id), closure_date, closure_date, NULL::DATE,
           bool_or(EXISTS (SELECT 1 FROM meetings_reached AS m WHERE m.exit_id = closing.exit_id
                           AND meeting_type = 'staffing_closure' AND meeting_date BETWEEN window_start AND closure_date))
    FROM closing GROUP BY closure_id, closure_date
), children_staffed AS (
    SELECT meeting_id || ' ' || exit_id AS case_id, meeting_date, windows.* FROM meetings_reached JOIN windows USING (exit_id)
    WHERE meeting_type = 'staffing_six_month' AND meeting_date >= first_return AND meeting_date <= support_end
      AND (meeting_date < window_end OR coalesce(meeting_date = closed, false))
      AND index_date <= meeting_date AND coalesce(left_date > meeting_date, true)
), assessed AS (
    SELECT 'R31-R32-six-month', case_id, exit_id, family_id, meeting_date, meeting_date - 1, NULL::DATE,
           EXISTS (SELECT 1 FROM cans_reached AS c WHERE c.exit_id = children_staffed.exit_id
                   AND assessment_date BETWEEN index_date AND meeting_date - 1)
    FROM children_staffed
), alleged AS (
    SELECT event_id, event_date, windows.* FROM allegations_reached JOIN windows USING (exit_id)
    WHERE event_date >= first_return AND event_date <= support_end
      AND (event_date < window_end OR coalesce(event_date = closed, false))
), called_in AS (
    SELECT 'R34', event_id, min(exit_id), min(family_id), event_date, event_date + 1, NULL::DATE,
           bool_or(EXISTS (SELECT 1 FROM maltreatment_reports AS m WHERE m.child_id = alleged.child_id
                           AND report_date BETWEEN event_date AND event_date + 1))
    FROM alleged GROUP BY event_id, event_date
), cases AS (
    FROM called UNION ALL FROM met UNION ALL FROM documented UNION ALL FROM returns UNION ALL FROM staffed
    UNION ALL FROM staffed_at_closure UNION ALL FROM assessed UNION ALL FROM called_in
), first_rows AS (
    SELECT 'called' AS measure, min(contact_date) AS begins FROM contacts
    UNION ALL SELECT unnest(['met', 'R20', 'R26', 'R27']), min(meeting_date) FROM meetings
    UNION ALL SELECT 'R31-R32-six-month', min(assessment_date) FROM assessments
    UNION ALL SELECT 'R34', min(report_date) FROM maltreatment_reports
), judged AS (
    SELECT measure, exit_id, family_id, anchor,
           CASE WHEN measure = 'R26' AND support_end <= due THEN 'ended' WHEN held THEN 'met'
                WHEN due > DATE '2024-06-30' THEN 'not yet due' WHEN due < begins THEN 'unrecorded' ELSE 'not met' END AS status
    FROM cases LEFT JOIN first_rows USING (measure)
)
SELECT measure, county, date_trunc('month', anchor) AS month, judged.family_id, count(*) FILTER (status = 'met') AS met,
       count(*) FILTER (status = 'not met') AS not_met, count(*) FILTER (status = 'not yet due') AS not_yet_due,
       count(*) FILTER (status = 'unrecorded') AS unrecorded, count(*) FILTER (status = 'ended') AS ended
FROM judged JOIN home USING (exit_id) GROUP BY ALL;
