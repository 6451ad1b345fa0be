"""Files <-> volumes: NIfTI and DICOM."""
