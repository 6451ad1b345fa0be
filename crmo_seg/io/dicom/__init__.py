"""DICOM in and out: which stacks of slices a folder holds, their volumes, and results that go back to the PACS."""
