"""Phrases of letters, reports and signs: words, sentences, names, dates, addresses."""

from __future__ import annotations

from collections.abc import Callable

from crnn_deploy.data.rendering.vocabulary import Rng, capitals, digits, pick, proper, word

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun", "Monday", "Friday", "Sunday")
STREETS = ("Street", "St.", "Road", "Rd.", "Avenue", "Ave", "Lane", "Drive", "Park", "Square", "Hill", "Blvd")
MALAY_STREETS = ("Jalan", "Jln", "Lorong", "Taman", "Persiaran", "Lebuh", "Kampung", "Bandar")
MALAY_WORDS = ("Indah", "Setia", "Jaya", "Maju", "Baru", "Utama", "Perdana", "Mewah", "Sentosa", "Damai", "Bukit")
CITIES = ("Kuala Lumpur", "Selangor", "Johor Bahru", "Penang", "Ipoh", "London", "Boston", "Singapore", "Melaka")
TITLES = ("", "", "Mr. ", "Mrs. ", "Dr. ", "En. ", "Puan ")
COMPANIES = ("Ltd.", "Inc.", "& Co.", "Sdn Bhd", "Sdn. Bhd.", "(M) Sdn Bhd", "LLC", "Group", "Store", "& Sons", "S/B")
TRADES = ("Trading", "Enterprise", "Hardware", "Mart", "Cafe", "Restoran", "Restaurant", "Bakery", "Pharmacy", "Motor")
DOMAINS = ("com", "org", "net", "co.uk", "info", "com.my", "gov")
BRACKETS = ("()", "()", "[]", "{}", "<>", '""', "''", "**")
CONTRACTIONS = ("don't", "it's", "we'll", "can't", "I'm", "you're", "that's", "customer's", "won't")
CASES: tuple[Callable[[str], str], ...] = (str, str, str.capitalize, str.title, str.title, str.upper, str.upper)


def words(rng: Rng) -> str:
    chosen = [word(rng) for _ in range(rng.integers(1, 6))]
    text = pick(rng, CASES)(" ".join(chosen))
    joint = rng.random()
    if joint < 0.12 and len(chosen) > 2:
        text = text.replace(" ", pick(rng, (", ", "; ", " - ", ": ", "/", " & ", "-", " + ", ".")), 1)
    elif joint < 0.18:
        brackets = pick(rng, BRACKETS)
        text = brackets[0] + text + brackets[1]
    return text + pick(rng, ("", "", "", "", ".", ",", "!", "?", ":", ";", "..."))


def sentence(rng: Rng) -> str:
    """Words with the punctuation of a sentence."""
    chosen = [word(rng) for _ in range(rng.integers(4, 10))]
    if rng.random() < 0.4:
        chosen[int(rng.integers(1, 4))] = pick(rng, CONTRACTIONS)
    if rng.random() < 0.5:
        chosen[int(rng.integers(len(chosen) - 1))] += pick(rng, (",", ",", ";", ":", " -"))
    text = " ".join(chosen)
    return text[0].upper() + text[1:] + pick(rng, (".", ".", ".", "!", "?", '."'))


def name(rng: Rng) -> str:
    text = f"{pick(rng, TITLES)}{proper(rng)} {proper(rng)}"
    return text.upper() if rng.random() < 0.3 else text


def company(rng: Rng) -> str:
    core = pick(rng, (f"{proper(rng)} {word(rng).title()}", f"{proper(rng)}'s {pick(rng, TRADES)}", _trade(rng)))
    registered = f" ({digits(rng, int(rng.integers(5, 8)))}-{capitals(rng, 1)})" if rng.random() < 0.3 else ""
    text = f"{core} {pick(rng, COMPANIES)}{registered}"
    return text.upper() if rng.random() < 0.6 else text


def date(rng: Rng) -> str:
    day, month, year = int(rng.integers(1, 32)), int(rng.integers(1, 13)), int(rng.integers(1990, 2031))
    return pick(
        rng,
        (
            f"{day:02}/{month:02}/{year}",
            f"{day:02}/{month:02}/{year % 100:02}",
            f"{year}-{month:02}-{day:02}",
            f"{day:02}-{month:02}-{year}",
            f"{day:02}-{MONTHS[month - 1]}-{year}",
            f"{day}.{month}.{year}",
            f"{MONTHS[month - 1]} {day}, {year}",
            f"{day} {MONTHS[month - 1].upper()} {year}",
            f"{pick(rng, WEEKDAYS)}, {day:02}/{month:02}/{year % 100:02}",
        ),
    )


def time(rng: Rng) -> str:
    hour, minute, second = int(rng.integers(24)), int(rng.integers(60)), int(rng.integers(60))
    half = "AM" if hour < 12 else "PM"
    return pick(
        rng,
        (
            f"{hour:02}:{minute:02}",
            f"{hour:02}:{minute:02}:{second:02}",
            f"{hour % 12 + 1}:{minute:02} {half}",
            f"{hour % 12 + 1:02}:{minute:02}:{second:02}{half}",
            f"{hour:02}:{minute:02} - {(hour + 8) % 24:02}:00",
        ),
    )


def phone(rng: Rng) -> str:
    shape = pick(rng, ("+{} {}-{} {}", "({}{}) {}-{}", "{}{}-{}-{}", "+{}{}-{} {}", "0{2}-{1}{0}{3}", "1-{2}-{0}-{3}"))
    number = shape.format(*(digits(rng, length) for length in (2, 1, 3, 4)))
    return pick(rng, ("", "", "Tel: ", "TEL ", "Tel No.: ", "Fax: +", "H/P:", "Ph: ", "Mobile : ")) + number


def address(rng: Rng) -> str:
    """A line of an address, English or Malay."""
    number = f"{rng.integers(1, 300)}{pick(rng, ('', '', '', 'A', '/2', '-G', f'&{rng.integers(1, 99)}'))}"
    place = f"{digits(rng, 5)} {pick(rng, CITIES)}"
    malay = f"{pick(rng, MALAY_STREETS)} {pick(rng, (*MALAY_WORDS, proper(rng)))}"
    text = pick(
        rng,
        (
            f"{number} {proper(rng)} {pick(rng, STREETS)}",
            f"{number}, {proper(rng)} {pick(rng, STREETS)}, {place}",
            f"{pick(rng, ('No. ', 'NO.', 'Lot ', ''))}{number}, {malay} {rng.integers(1, 30)}/{rng.integers(1, 30)},",
            f"{malay} {pick(rng, MALAY_WORDS)}, {place}",
            f"{place}{pick(rng, ('.', ',', '', ', Malaysia'))}",
        ),
    )
    return text.upper() if rng.random() < 0.4 else text


def mail(rng: Rng) -> str:
    user = f"{proper(rng)}{pick(rng, ('.', '_', ''))}{word(rng)}".lower()
    host = f"{word(rng)}.{pick(rng, DOMAINS)}"
    return pick(rng, (f"{user}@{host}", f"Email: {user}@{host}", f"www.{host}", f"https://{host}/{word(rng)}"))


def _trade(rng: Rng) -> str:
    return f"{pick(rng, TRADES)} {pick(rng, MALAY_WORDS)}"
