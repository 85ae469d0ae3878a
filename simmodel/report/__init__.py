"""The report: one page and one workbook from the same contents."""
