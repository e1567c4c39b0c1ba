from __future__ import annotations

from crnn_deploy.evaluation.character_errors import character_errors


def test_the_most_frequent_errors_come_first_with_how_often_the_character_stands_there(evaluation_of) -> None:
    found = character_errors(evaluation_of(["O0", "00", "a b", "x"], ["oo", "0o", "ab", "xy"]))
    told = [(error.reference, error.read, error.count, error.occurrences) for error in found]
    assert told == [("0", "o", 2, 3), ("", "y", 1, 0), (" ", "", 1, 1)]


def test_case_is_no_error_and_the_list_ends(evaluation_of) -> None:
    assert character_errors(evaluation_of(["ABC"], ["abc"])) == []
    assert len(character_errors(evaluation_of(["abcdef"], ["uvwxyz"]), most=4)) == 4


def test_classes_have_no_characters(evaluation_of) -> None:
    read = evaluation_of(["cat"], ["dog"])
    classes = read.model_copy(update={"dataset": read.dataset.model_copy(update={"kind": "class"})})
    assert character_errors(classes) == []
