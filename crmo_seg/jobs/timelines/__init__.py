"""The parts of ``timeline``: the order of visits, what is said of each pair, writing the courses."""
