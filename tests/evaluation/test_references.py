from __future__ import annotations

import pytest

from crnn_deploy.errors import InputError
from crnn_deploy.evaluation.references import reference_texts, unknown_characters


def test_texts_are_taken_as_they_are(memory_source, reader) -> None:
    assert reference_texts(memory_source(["ab", "", "C d"]), reader) == ["ab", "", "C d"]


@pytest.mark.parametrize(
    ("kind", "message"), [("unlabelled", "has no labels"), ("class", "has class labels")], ids=["none", "classes"]
)
def test_a_reader_needs_text(memory_source, reader, kind, message) -> None:
    with pytest.raises(InputError, match=message):
        reference_texts(memory_source(["a"], kind=kind, class_names=("a",)), reader)


def test_a_classifier_needs_classes(memory_source, classifier) -> None:
    with pytest.raises(InputError, match="has text labels"):
        reference_texts(memory_source(["a"]), classifier)


@pytest.mark.parametrize("labels", [[], ["", ""]], ids=["no images", "empty labels"])
def test_nothing_to_compare_with_is_refused(memory_source, reader, labels) -> None:
    with pytest.raises(InputError, match=r"holds no images|are empty"):
        reference_texts(memory_source(labels), reader)


def test_classes_are_matched_by_name_and_may_be_few(memory_source, classifier) -> None:
    source = memory_source(["owl", "dog"], kind="class", class_names=("owl", "dog"))
    assert reference_texts(source, classifier) == ["owl", "dog"]


def test_numbered_classes_are_matched_by_index(memory_source, classifier) -> None:
    source = memory_source(["2", "0"], kind="class", class_names=("0", "1", "2"))
    assert reference_texts(source, classifier) == ["owl", "cat"]


@pytest.mark.parametrize(
    "names", [("cat", "dog", "fox"), ("0", "1"), ("0", "1", "fox")], ids=["a stranger", "another count", "half numbers"]
)
def test_other_classes_are_refused(memory_source, classifier, names) -> None:
    source = memory_source([names[0]], kind="class", class_names=names)
    with pytest.raises(InputError, match=rf"not those of classifier[\s\S]*{names[1] if len(names) == 2 else 'fox'}"):
        reference_texts(source, classifier)


def test_a_few_unknown_characters_are_counted(reader) -> None:
    assert unknown_characters(["a" * 398 + "é€", "a"], reader, "data") == {"é": 1, "€": 1}


def test_many_unknown_characters_are_refused_and_listed(reader) -> None:
    with pytest.raises(InputError, match=r"2\.0% .* in data[\s\S]*'€' ×2"):
        unknown_characters(["a" * 98 + "€€"], reader, "data")


def test_one_unknown_character_in_a_hundred_is_allowed(reader) -> None:
    assert unknown_characters(["a" * 99 + "€"], reader, "data") == {"€": 1}
    with pytest.raises(InputError, match=r"^1\.[01]% of"):
        unknown_characters(["a" * 98 + "€"], reader, "data")
    with pytest.raises(InputError, match=r"^100\.0% of"):
        unknown_characters(["€"], reader, "data")


@pytest.mark.parametrize(("count", "listed", "more"), [(20, 20, False), (21, 20, True)])
def test_of_many_unknown_characters_some_are_listed(reader, count: int, listed: int, more: bool) -> None:
    with pytest.raises(InputError) as refused:
        unknown_characters(["".join(chr(0x3042 + i) for i in range(count))], reader, "data")
    assert refused.value.cause.count("×") == listed
    assert ("and others" in refused.value.cause) is more


def test_the_other_case_of_a_known_character_is_known(reader) -> None:
    lower_only = reader.model_copy(update={"charset": tuple("abcde"), "blank": 0})
    assert unknown_characters(["AbCdE"], lower_only, "data") == {}


def test_a_part_of_a_class_of_several_characters_is_not_known(reader) -> None:
    several = reader.model_copy(update={"charset": ("a", "क्ष"), "blank": 0})
    assert unknown_characters(["aक्ष" * 100, "क"], several, "data") == {"क": 1}
