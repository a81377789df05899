"""Asset checks: what has to hold before the next stage may lean on a table.

What a schema can say is refused before it is stored. The checks here look across rows and
tables. Those that block stop the run, because what would follow from the table would mislead;
the others warn. They run inside DuckDB, so that no table has to be loaded for them. Mending
anything does not belong here.
"""
