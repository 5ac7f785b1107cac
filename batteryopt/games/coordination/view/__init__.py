"""What a page, a notebook or a workbook shows of the coordination game."""
