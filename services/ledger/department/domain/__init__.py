"""What a workbook of a department's says; no I/O, reads no clock."""
