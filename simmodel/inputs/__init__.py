"""What a user writes: regions, scenarios and workbooks, read and checked."""
