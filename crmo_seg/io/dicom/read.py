"""The former place of `case_id_of_study`."""

from __future__ import annotations

from crmo_seg.io.dicom.uids import case_id_of_study as case_id_of_study
