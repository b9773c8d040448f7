-- The contract's rules on placements, written for DuckDB by hand: what the check of placements is timed beside.
CREATE TEMP TABLE broken AS
SELECT placement_id FROM placements
WHERE placement_id IS NULL OR child_id IS NULL OR start_date IS NULL OR end_date < start_date
   OR type NOT IN ('relative_foster_home', 'foster_home', 'therapeutic_foster_home', 'group_home', 'shelter',
                   'residential_treatment', 'child_care_institution', 'supervised_independent_living',
                   'juvenile_justice_facility', 'hospital', 'runaway', 'trial_home_visit', 'other', 'unknown')
UNION ALL
SELECT placement_id FROM placements GROUP BY placement_id HAVING count(*) > 1
UNION ALL
SELECT placement_id FROM placements AS p ANTI JOIN children AS c ON c.child_id = p.child_id
UNION ALL
SELECT placement_id FROM placements AS p JOIN children AS c ON c.child_id = p.child_id WHERE p.start_date < c.birth_date;

CREATE TEMP TABLE accepted AS SELECT * FROM placements ANTI JOIN broken USING (placement_id);
