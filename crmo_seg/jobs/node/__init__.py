"""``crmo-seg node``: a folder that is watched, a queue on disk, a folder of results."""
