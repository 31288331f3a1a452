"""Every team that is published."""

from teams.business_intelligence import BUSINESS_INTELLIGENCE
from teams.executive_knowledge import EXECUTIVE_KNOWLEDGE_TEAM
from teams.sales_intelligence import SALES_INTELLIGENCE
from teams.spec import TeamSpec

__all__ = ["TEAMS"]

TEAMS: tuple[TeamSpec, ...] = (BUSINESS_INTELLIGENCE, EXECUTIVE_KNOWLEDGE_TEAM, SALES_INTELLIGENCE)
