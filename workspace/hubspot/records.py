"""The CRM set as HubSpot's objects: an id and `properties`, every property text or null, as HubSpot gives them.

Contacts do not exist in the set. Those who speak on the bundled calls are here under the names they have there, and
every other customer has one buyer, made from its name: invented, the same on every machine, and marked `synthetic`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from hashlib import sha256
from pathlib import Path

from workspace.crm import AS_OF, Account, Crm, Opportunity
from workspace.nearest import nearest
from workspace.toolset import Json, ToolError

__all__ = ["Contact", "Records"]

CALLS = Path(__file__).parent.parent / "data" / "calls"
_FIRST = "Alma Bruno Clara Deniz Emil Farah Gino Hana Ivo Jana Karim Livia Marek Nora Otis Petra Quinn Rosa Sven Tara"
_LAST = "Abel Brandao Castell Dorn Egger Fontana Grau Hollis Ibsen Jurgens Kover Lund Marsh Noll Orsini Pell Roos Stern Thorn Vale"
FIRST, LAST = _FIRST.split(), _LAST.split()


@dataclass(frozen=True, slots=True)
class Contact:
    """Somebody at a customer; invented."""

    name: str
    title: str
    account: str

    @property
    def id(self) -> str:
        return number("contact", f"{self.name}/{self.account}")

    @property
    def email(self) -> str:
        return f"{'.'.join(self.name.lower().split())}@{domain(self.account)}"


class Records:
    """Deals, companies and contacts, each made when first asked for."""

    as_of = AS_OF

    def __init__(self, crm: Crm | None = None) -> None:
        self._crm = crm or Crm()

    @cached_property
    def deals(self) -> tuple[Opportunity, ...]:
        """Every deal, the newest first; those that nobody engaged in yet at the end."""
        return tuple(sorted(self._crm.opportunities(), key=lambda it: (it.engage_date or "", it.id), reverse=True))

    @cached_property
    def contacts(self) -> tuple[Contact, ...]:
        """Every contact, by customer and name."""
        heard = list(_heard())
        with_somebody = {contact.account for contact in heard}
        made = [_made(account) for account in self._crm.accounts if account not in with_somebody]
        return tuple(sorted([*heard, *made], key=lambda it: (it.account, it.name)))

    def region(self, deal: Opportunity) -> str | None:
        """The office whose pipeline a deal is in."""
        rep = self._crm.reps.get(deal.sales_agent)
        return rep.office if rep else None

    @cached_property
    def regions(self) -> tuple[str, ...]:
        return tuple(sorted({rep.office for rep in self._crm.reps.values()}))

    def known_region(self, wanted: str | None) -> str | None:
        """A region as it is spelt; None for none. Raises ToolError that names the regions."""
        if wanted is None:
            return None
        found = next((it for it in self.regions if it.casefold() == wanted.strip().casefold()), None)
        if found is None:
            raise ToolError("unknown_pipeline", f"There is no pipeline {wanted[:40]!r}.", self.regions)
        return found

    def deal(self, deal_id: str) -> Opportunity:
        """One deal. Raises ToolError that names the nearest ids."""
        found = self._crm.opportunity(deal_id.strip().upper())
        if found is None:
            near = nearest(deal_id, (deal.id for deal in self.deals))
            raise ToolError("unknown_deal", f"There is no deal {deal_id[:40]!r}.", near)
        return found

    def company(self, wanted: str) -> Account:
        """One company by id, name or domain. Raises ToolError that names the nearest ones."""
        name = wanted.strip().casefold()
        accounts = self._crm.accounts.values()
        found = next(
            (it for it in accounts if name in {it.name.casefold(), company_id(it.name), domain(it.name)}), None
        )
        if found is None:
            near = nearest(wanted, (it.name for it in accounts))
            raise ToolError("unknown_company", f"There is no company {wanted[:60]!r}.", near)
        return found

    def contact(self, wanted: str) -> Contact:
        """One contact by id, address or name. Raises ToolError that names the nearest ones."""
        name = wanted.strip().casefold()
        found = next((it for it in self.contacts if name in {it.id, it.email, it.name.casefold()}), None)
        if found is None:
            near = nearest(wanted, (it.name for it in self.contacts))
            raise ToolError("unknown_contact", f"There is no contact {wanted[:60]!r}.", near)
        return found

    def deal_object(self, deal: Opportunity) -> Json:
        closed = deal.stage in {"Won", "Lost"}
        what = f"{deal.account}: {deal.product}" if deal.account else deal.product
        return {
            "id": deal.id,
            "properties": {
                "hs_object_id": deal.id,
                "dealname": what,
                "dealstage": deal.stage,
                "pipeline": self.region(deal),
                "amount": None if deal.close_value is None else f"{deal.close_value:.0f}",
                "createdate": deal.engage_date,
                "closedate": deal.close_date,
                "hs_is_closed": str(closed).lower(),
                "hs_is_closed_won": str(deal.stage == "Won").lower(),
                "owner_name": deal.sales_agent,
                "product": deal.product,
                "hs_primary_associated_company": company_id(deal.account) if deal.account else None,
                "company_name": deal.account or None,
            },
        }

    def company_object(self, account: Account) -> Json:
        deals = [deal for deal in self.deals if deal.account == account.name]
        return {
            "id": company_id(account.name),
            "properties": {
                "name": account.name,
                "domain": domain(account.name),
                "industry": account.sector,
                "numberofemployees": str(account.employees),
                "country": account.country,
                "num_associated_deals": str(len(deals)),
                "num_associated_contacts": str(sum(it.account == account.name for it in self.contacts)),
            },
        }

    @staticmethod
    def contact_object(contact: Contact) -> Json:
        first, _, last = contact.name.partition(" ")
        return {
            "id": contact.id,
            "properties": {
                "firstname": first,
                "lastname": last,
                "email": contact.email,
                "jobtitle": contact.title,
                "company": contact.account,
                "associatedcompanyid": company_id(contact.account),
            },
            "synthetic": True,
        }

    def closed_between(self, first: date, last: date, region: str | None) -> list[Opportunity]:
        """The deals that were won or lost in these days, both included."""
        ends = first.isoformat(), last.isoformat()
        return [it for it in self.of_region(region) if it.close_date and ends[0] <= it.close_date <= ends[1]]

    def of_region(self, region: str | None) -> list[Opportunity]:
        return [it for it in self.deals if region is None or self.region(it) == region]


def company_id(account: str) -> str:
    return number("company", account)


def domain(account: str) -> str:
    letters = "".join(letter if letter.isalnum() else "-" for letter in account.lower())
    return f"{'-'.join(part for part in letters.split('-') if part)}.example"


def number(kind: str, name: str) -> str:
    """Ten digits, as HubSpot's ids are, made from a name."""
    return str(10**9 + int.from_bytes(sha256(f"{kind}/{name}".encode()).digest()[:8]) % (9 * 10**9))


def _heard() -> Iterator[Contact]:
    """The customers' people on the bundled calls."""
    seen: set[tuple[str, str]] = set()
    for path in sorted(CALLS.glob("*.txt")):
        account = ""
        for line in path.read_text(encoding="utf-8").split("\n\n", 1)[0].splitlines():
            key, _, value = line.partition(": ")
            if key == "account":
                account = value.strip()
            name, title, side = [part.strip() for part in f"{value} | | ".split("|")[:3]]
            if key == "party" and side == "external" and (name, account) not in seen:
                seen.add((name, account))
                yield Contact(name, title, account)


def _made(account: str) -> Contact:
    digest = sha256(f"buyer/{account}".encode()).digest()
    return Contact(f"{FIRST[digest[0] % len(FIRST)]} {LAST[digest[1] % len(LAST)]}", "Purchasing Manager", account)
