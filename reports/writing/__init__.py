"""What every report is written with: text, tables, escaping, names, definitions."""
