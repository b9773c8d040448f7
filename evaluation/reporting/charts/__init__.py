"""The charts of the reports: functions of tidy tables."""
