"""Results for the PACS: DICOM SEG, structured report (TID 1500) and key images, in the study that was analysed."""
