"""The first phantom, preset ``plain``. It never changes: tests and published figures rest on it."""
