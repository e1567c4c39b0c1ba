"""Which student to train: a catalogue, measured on this machine, and the largest that keeps a budget."""

from crnn_deploy.pipeline.students.catalogue import CATALOGUE
from crnn_deploy.pipeline.students.measuring import MeasuredStudent
from crnn_deploy.pipeline.students.picking import Budget, pick_student, pick_within
from crnn_deploy.pipeline.students.survey import Survey, SurveyOptions, survey_students

__all__ = [
    "CATALOGUE",
    "Budget",
    "MeasuredStudent",
    "Survey",
    "SurveyOptions",
    "pick_student",
    "pick_within",
    "survey_students",
]
