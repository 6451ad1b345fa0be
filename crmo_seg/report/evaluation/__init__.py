"""The page of an evaluation: numbers as tables, charts, and pictures of the cases that went worst."""
