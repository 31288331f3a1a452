"""Stretches of days, and the arithmetic that reports need: whole weeks, months, quarters and years.

Days only, no clock and no time zone: what "today" is, is handed in by whoever asks. Both ends are inclusive, weeks
are ISO weeks and begin on Monday. `Period.text` is canonical: two periods of the same days have the same text, and
`agents.analysis.periods.parse_period` reads it back.
"""

from calendar import month_name, monthrange
from dataclasses import dataclass, field
from datetime import date, timedelta

__all__ = ["ALL_TIME", "Period", "add_months", "half", "month", "quarter", "rolling_months", "week", "year"]

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """The days from `from_date` to `to_date`, both included.

    `label` is what a person calls them; it does not count when two periods are compared.
    """

    from_date: date
    to_date: date
    label: str = field(compare=False)

    @classmethod
    def between(cls, from_date: date, to_date: date) -> "Period":
        """Two days in either order, labelled by what they happen to be: a quarter, a month, or a range."""
        first, last = min(from_date, to_date), max(from_date, to_date)
        for whole in (month(last.year, last.month), quarter(last.year, (last.month + 2) // 3), year(last.year)):
            if (whole.from_date, whole.to_date) == (first, last):
                return whole
        if first == last:
            return cls(first, last, spoken(first))
        if first == date.min:
            return cls(first, last, "all time" if last == date.max else f"up to {spoken(last)}")
        return cls(first, last, f"{spoken(first)} to {spoken(last)}")

    @property
    def days(self) -> int:
        return (self.to_date - self.from_date).days + 1

    @property
    def is_all(self) -> bool:
        """Whether it leaves time open."""
        return self.from_date == date.min and self.to_date == date.max

    @property
    def text(self) -> str:
        """The canonical form: `2017`, `2017-Q4`, `2017-10`, `2017-W41`, `2017-10-01..2017-10-15` or `all`."""
        first, last = self.from_date, self.to_date
        if self.is_all:
            return "all"
        if first == date(first.year, 1, 1) and last == date(first.year, 12, 31):
            return f"{first.year}"
        if first.day == 1 and last == last_of_month(last):
            if (first.year, first.month) == (last.year, last.month):
                return f"{first:%Y-%m}"
            if first.month % 3 == 1 and add_months(first, 2) == last.replace(day=1):
                return f"{first.year}-Q{first.month // 3 + 1}"
        if first.weekday() == 0 and self.days == 7:
            iso = first.isocalendar()
            return f"{iso.year}-W{iso.week:02d}"
        return f"{'' if first == date.min else first.isoformat()}..{last.isoformat()}"

    @property
    def previous(self) -> "Period":
        """The stretch of the same kind just before: the month before a month, as many days before a range.

        What starts with time itself has none before it and gives itself.
        """
        if self.from_date == date.min:
            return self
        first = self.from_date
        months = whole_months(self)
        if months:
            start = add_months(first, -months)
            return Period.between(start, first - DAY)
        if self.text.count("-W"):
            return week_of(first - DAY)
        return Period.between(first - timedelta(days=self.days), first - DAY)

    @property
    def following(self) -> "Period":
        """The stretch of the same kind just after; what ends with time itself gives itself."""
        if self.to_date == date.max:
            return self
        first = self.to_date + DAY
        months = whole_months(self)
        if months and self.from_date > date.min:
            return Period.between(first, add_months(first, months) - DAY)
        if self.text.count("-W"):
            return week_of(first)
        return Period.between(first, first + timedelta(days=min(self.days, 366) - 1))


ALL_TIME = Period(date.min, date.max, "all time")


def spoken(day: date) -> str:
    return f"{day.day} {month_name[day.month][:3]} {day.year}"


def last_of_month(day: date) -> date:
    return day.replace(day=monthrange(day.year, day.month)[1])


def add_months(day: date, months: int) -> date:
    """The same day of another month, or its last day where that month is shorter."""
    index = day.year * 12 + day.month - 1 + months
    target, number = index // 12, index % 12 + 1
    return date(target, number, min(day.day, monthrange(target, number)[1]))


def whole_months(period: Period) -> int:
    """How many whole calendar months a period consists of; 0 when it is cut within one."""
    first, last = period.from_date, period.to_date
    if first.day != 1 or last != last_of_month(last):
        return 0
    return (last.year - first.year) * 12 + last.month - first.month + 1


def month(in_year: int, number: int) -> Period:
    first = date(in_year, number, 1)
    return Period(first, last_of_month(first), f"{month_name[number]} {in_year}")


def quarter(in_year: int, number: int) -> Period:
    first = date(in_year, number * 3 - 2, 1)
    return Period(first, last_of_month(add_months(first, 2)), f"Q{number} {in_year}")


def half(in_year: int, number: int) -> Period:
    first = date(in_year, number * 6 - 5, 1)
    return Period(first, last_of_month(add_months(first, 5)), f"H{number} {in_year}")


def year(number: int) -> Period:
    return Period(date(number, 1, 1), date(number, 12, 31), f"{number}")


def week(in_year: int, number: int) -> Period:
    """An ISO week. Raises ValueError for a week that the year does not have."""
    first = date.fromisocalendar(in_year, number, 1)
    return Period(first, first + 6 * DAY, f"week {number} of {in_year}")


def week_of(day: date) -> Period:
    iso = day.isocalendar()
    return week(iso.year, iso.week)


def rolling_months(months: int, as_of: date) -> Period:
    """As many months ending with `as_of`: from 16 September for three months to 15 December."""
    following = as_of + DAY
    return Period(add_months(following, -months), as_of, f"the {months} months to {spoken(as_of)}")
