"""Studies of a table: which columns predict its target, which can go, and what that costs.

Linear models on splits of rows, tests, resampling and the drop-list belong here, as numbers on arrays. Sentences about
them belong to `sections`; reading the table to `tables`; networks to `training`.
"""

from __future__ import annotations

from reportgen.studies.jobs import Job, plan, run_job
from reportgen.studies.result import StudyResult
from reportgen.studies.summary import summarize

__all__ = ["Job", "StudyResult", "plan", "run_job", "summarize"]
