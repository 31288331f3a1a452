"""What people ask for and what no table that we know of carries, with what is missing and what there is instead."""

from agents.analysis.metric import Missing, says

__all__ = ["NOT_COMPUTABLE"]

NO_REASON = "no reason is recorded for a lost deal"

NOT_COMPUTABLE = (
    Missing(
        "unit_economics",
        "LTV, magic number and rule of 40",
        "no cost of service, profit or lifetime of customers",
        ("revenue", "average_deal_value"),
        says("ltv, lifetime value, ltv to cac, magic number, rule of 40, quick ratio"),
    ),
    Missing(
        "loss_reasons",
        "Loss reasons",
        NO_REASON,
        ("deals_lost", "win_rate"),
        says(
            "loss reasons, loss reason, reasons for loss, lost reason, why did we lose, why we lost, why are we "
            "losing, why do we lose"
        ),
    ),
)
