"""The page of a timeline: the burden as a chart, the courses as a table, offline and without scripts."""
