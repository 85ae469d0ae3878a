"""The workbook with which a planner sets up a region."""
