"""Teachers: any artifact that answers with CTC or class logits, asked once about each image."""

from crnn_deploy.training.teachers.asking import AskOptions, Teacher, TeacherAnswers

__all__ = ["AskOptions", "Teacher", "TeacherAnswers"]
