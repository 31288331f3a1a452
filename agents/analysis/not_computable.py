"""What people ask for and what the view `opportunities` cannot carry, each with what is missing and what there is."""

from agents.analysis.metric import Missing, says

__all__ = ["NOT_COMPUTABLE"]

NO_QUOTA = "no quota or target table"
NO_HISTORY = "no history of stages, close dates or amounts, only how each deal stands now"
NO_RECURRING = "no recurring revenue: deals carry one closing value and no term"
NO_FORECAST = "no submitted forecasts"
NO_AMOUNT = "open deals carry no amount"
NO_REASON = "no reason is recorded for a lost deal"

NOT_COMPUTABLE = (
    Missing(
        "quota_attainment",
        "Quota attainment",
        NO_QUOTA,
        ("revenue", "win_rate"),
        says("quota attainment, quota, attainment, target, on target, versus target, against plan, goal"),
    ),
    Missing(
        "pipeline_coverage",
        "Pipeline coverage",
        f"{NO_QUOTA}, and {NO_AMOUNT}",
        ("pipeline_open", "pipeline_list_value"),
        says("pipeline coverage, coverage, are we covered, covered for the quarter, coverage ratio"),
    ),
    Missing(
        "forecast",
        "Forecast",
        f"{NO_FORECAST}, and {NO_AMOUNT}",
        ("pipeline_list_value", "velocity"),
        says("forecast, weighted pipeline, weighted forecast, commit, best case, forecast accuracy"),
    ),
    Missing(
        "stage_conversion",
        "Stage conversion and stage age",
        NO_HISTORY,
        ("stage_counts", "win_rate"),
        says("stage conversion, stage age, time in stage, conversion by stage, funnel conversion"),
    ),
    Missing(
        "slippage",
        "Slippage",
        NO_HISTORY,
        ("sales_cycle",),
        says("slippage, slipped, pushed deals, close date pushed, pushed"),
    ),
    Missing(
        "retention",
        "Retention (NRR, GRR) and churn",
        NO_RECURRING,
        ("revenue",),
        says(
            "nrr, grr, net revenue retention, gross revenue retention, retention, churn, churn rate, arr, mrr, "
            "recurring revenue, expansion"
        ),
    ),
    Missing(
        "cac_payback",
        "CAC payback",
        "no spend table, and " + NO_RECURRING,
        ("average_deal_value",),
        says("cac payback, cac, payback, customer acquisition cost, ltv, magic number, rule of 40"),
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
