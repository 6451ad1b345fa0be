"""``crmo-seg dataset``: bring data in from other layouts, take it out again, and find what is wrong with it."""
