"""Phrases of receipts and invoices: items, sums, taxes, references, rows of signs."""

from __future__ import annotations

from crnn_deploy.data.rendering.documents import CASES
from crnn_deploy.data.rendering.vocabulary import Rng, capitals, digits, pick, proper, word

CURRENCIES = ("$", "$", "", "", "", "RM ", "RM", "USD ", "EUR ", "€", "£")
UNITS = ("kg", "g", "ml", "L", "pcs", "PCS", "PC", "X", "mm", "cm", "UNIT", "BOX", "EA")
TAXES = ("GST", "VAT", "SST", "Tax", "SR", "ZRL", "Service Charge", "GST payable", "S", "Z")
FIELDS = (
    *("Total", "Subtotal", "Sub Total", "Grand Total", "Nett Total", "Net Amt", "Total Amount", "Total Sales", "Tax"),
    *("Cash", "Change", "Balance", "Amount", "Amount due", "Rounding", "Rounding Adj", "Round Amt", "Discount", "Disc"),
    *("VAT", "GST", "GST Amount", "Total Qty", "Item Count", "Qty", "Price", "Unit Price", "Visa", "Credit Card"),
    *("Deposit", "Tips", "Paid", "Total Excl. GST", "Total (Incl. GST)", "Taxable", "Savings", "Cash Tendered"),
)
REFERENCES = (
    *("Invoice", "Invoice No", "Order", "Ref", "Ref No.", "No", "Table", "Doc No.", "GST ID", "GST Reg No", "Cashier"),
    *("Member", "Batch", "SKU", "Bill No", "Receipt #", "Co. Reg No", "Till", "POS", "Terminal", "Counter", "Card No"),
    *("Trans", "Slip No.", "Approval Code", "Account", "Page", "Job No", "P/O No", "Customer", "Staff", "Date", "Time"),
)
HEADS = (
    *("Item", "Qty", "Description", "Amount", "Price", "U/Price", "Disc", "Total", "Code", "Tax", "RM", "Unit", "No."),
    *("Tax Amt", "Summary", "Rate", "Date", "Ref", "Salesperson", "Amount($)", "Tax (%)", "S/No", "Remarks"),
)
CLOSINGS = (
    *("Thank you", "Please come again", "Thank you for shopping with us", "Tax Invoice", "Simplified Tax Invoice"),
    *("Have a nice day", "Terima kasih", "Sila datang lagi", "No refund", "No exchange", "Customer copy", "Duplicate"),
    *("Goods sold are not refundable", "Open daily", "Cash Sale", "Official Receipt", "Take Away", "Dine In", "Member"),
)


def amount(rng: Rng) -> str:
    value = round(float(10 ** rng.uniform(-1.3, 3.5)), 2)
    number = f"{value:,.2f}" if rng.random() < 0.8 else f"{value:.0f}"
    sign = pick(rng, ("-", "- ", "+")) if rng.random() < 0.12 else ""
    tail = pick(rng, ("-", " SR", " S", "*", " Z", "T", " CR", "/-")) if rng.random() < 0.12 else ""
    currency = pick(rng, CURRENCIES)
    return (currency + sign + number if rng.random() < 0.6 else sign + currency + number) + tail


def amounts(rng: Rng) -> str:
    """A row of a table of sums."""
    return " ".join(amount(rng) for _ in range(rng.integers(2, 4)))


def item(rng: Rng) -> str:
    """A line of a bill: quantity, name and price in various orders."""
    name, price, count = pick(rng, CASES)(f"{word(rng)} {word(rng)}"), amount(rng), int(rng.integers(1, 25))
    size = f"{rng.integers(1, 1000)}{pick(rng, UNITS)}"
    return pick(
        rng,
        (
            f"{count} x {name} {price}",
            f"{count} {name} {price}",
            f"{count} @ {price}",
            f"{count} X {price}",
            f"{count}x{price} = {amount(rng)}",
            f"{name} {size}",
            f"{name} {size} {price}",
            f"{name.upper()} {rng.integers(1, 100)}'S",
            f"{digits(rng, int(rng.choice((4, 8, 13))))} {name.upper()}",
            f"{count:02} # {capitals(rng, 2)}-{digits(rng, 3)} {name.upper()}",
            f"{count}.{'0' * int(rng.integers(1, 4))} {pick(rng, UNITS)} x {price}",
            f"- {name}",
        ),
    )


def field(rng: Rng) -> str:
    """A sum with its name, or only the name."""
    name = pick(rng, FIELDS) + pick(rng, ("", "", "", " (RM)", "(RM)", " ($)", f" {rng.integers(1, 20)}%"))
    text = name if rng.random() < 0.35 else f"{name}{pick(rng, (':', '', ' =', ' :', ':'))} {amount(rng)}"
    return text.upper() if rng.random() < 0.4 else text


def tax(rng: Rng) -> str:
    rate = f"{rng.choice((0, 6, 7, 10, 20, rng.uniform(0, 100))):.{rng.integers(3)}f}%"
    kind = pick(rng, TAXES)
    shapes = (rate, f"-{rate}", f"{kind} {rate}", f"{kind} @ {rate}", f"({rate})", f"~{rate}", f"{kind} = {rate}")
    return pick(rng, (*shapes, f"{kind} ({rate}): {amount(rng)}", f"{kind}({rate}) {amounts(rng)}"))


def code(rng: Rng) -> str:
    letters = capitals(rng, int(rng.integers(1, 4)))
    number, few = digits(rng, int(rng.integers(3, 9))), digits(rng, int(rng.integers(1, 4)))
    return pick(
        rng,
        (
            f"{letters}-{number}",
            f"{letters}{number}",
            f"#{number}",
            number,
            f"{letters}_{number}",
            f"*{number}*",
            f"({number}-{letters[0]})",
            f"{letters}{few}/{number}",
            f"{number}-{few}-{letters}",
            f"{few}/{letters}/{number}",
            f"{letters}{few}{capitals(rng, 2)}-{few}",
            f"{letters} {few}.{few}",
            f"{'X' * 4}-{digits(rng, 4)}",
            digits(rng, 12),
        ),
    )


def reference(rng: Rng) -> str:
    value = code(rng) if rng.random() < 0.75 else proper(rng)
    text = f"{pick(rng, REFERENCES)}{pick(rng, (': ', ' # ', ':', '. ', ' = ', ' : ', ' :'))}{value}"
    return text.upper() if rng.random() < 0.4 else text


def heading(rng: Rng) -> str:
    """The head of a table."""
    text = " ".join(pick(rng, HEADS) for _ in range(rng.integers(1, 5)))
    return text.upper() if rng.random() < 0.4 else text


def closing(rng: Rng) -> str:
    text = pick(rng, CLOSINGS)
    stars = pick(rng, ("", "", "", "*", "** ", "*** ", "-- ", "== "))
    return pick(rng, CASES)(f"{stars}{text}{pick(rng, ('', '', '!', '.'))}{stars[::-1]}")


def rule(rng: Rng) -> str:
    """A row of equal signs, as a separator."""
    return pick(rng, "---**==.#~") * int(rng.integers(2, 11))
