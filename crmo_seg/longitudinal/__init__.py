"""Two visits of one patient: aligned, lesion matched to lesion, and what became of each."""
