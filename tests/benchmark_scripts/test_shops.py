"""`benchmarks/distillation`: folds have no shop in common, and each edit is of one kind."""

from __future__ import annotations

import shops
from error_kinds import Line, kinds, table


def receipt(number: int, *lines: str) -> list[tuple[str, str]]:
    return [(f"images/{number:03}_{place:03}.jpg", line) for place, line in enumerate(lines)]


def test_receipts_of_a_shop_are_found_by_name_number_or_address() -> None:
    receipts = {
        "a": ["KEDAI BUKU SDN BHD", "TEL 03-1"],
        "b": ["KEDAI BUKU SDN. BHD. (123456-X)", "RM 1.00"],
        "c": ["TAX INVOICE", "GST 123456-X"],
        "d": ["12, JALAN DUA PULUH", "TAX INVOICE"],
        "e": ["CASH", "12 JALAN DUA PULUH."],
        "f": ["TAX INVOICE", "CASH"],
    }
    assert shops.shops(receipts) == [["a", "b", "c"], ["d", "e"], ["f"]]


def test_folds_have_no_shop_in_common_and_large_shops_are_in_none() -> None:
    rows = [row for number in range(shops.LARGE) for row in receipt(number, "GROSSMARKT SDN BHD", f"RM {number}")]
    small = [row for number in range(20, 28) for row in receipt(number, f"SHOP {number // 2} (12345{number // 2}-A)")]
    folds = shops.divide([*rows, *small], 2)
    assert sorted(row for fold in folds for row in fold) == small
    owners = [{text for _, text in fold} for fold in folds]
    assert owners[0].isdisjoint(owners[1])
    assert {len(fold) for fold in folds} == {4}


def test_each_edit_is_of_one_kind() -> None:
    line = Line(0, "total 10.50 cash", "t0tal10,50 cas", "")
    assert list(kinds(line)) == ["look-alikes", "spaces", "punctuation", "the first or the last character"]
    assert list(kinds(Line(1, "abcde", "aycde", ""))) == ["other characters"]
    assert list(kinds(Line(2, "abcde", "abde", ""))) == ["left out inside"]
    assert list(kinds(Line(3, "abcde", "abcyde", ""))) == ["added inside"]


def test_lines_that_both_readers_read_alike_are_told() -> None:
    rows = table([Line(0, "nasi", "nasl", "nasl"), Line(1, "abc", "abc", "abd")]).splitlines()
    assert rows[-1] == "| all | 1 | 100% | 14.29% | 1 |"
