"""Whether the models that a configuration names can run here: made, and with a key that their provider looks for.

No provider is asked. A key may be set for the process that serves and not for this command, so what is missing is a
warning and refuses nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from agents.models.ladder import EMBEDDED, Models, ModelUnavailable
from server.config import Configuration, Problem

__all__ = ["KEY_VARIABLES", "ModelUse", "model_uses", "model_warnings"]

KEY_VARIABLES: Mapping[str, tuple[str, ...]] = {
    "anthropic": ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"),
    "cohere": ("CO_API_KEY",),
    "deepseek": ("DEEPSEEK_API_KEY",),
    "google": ("GOOGLE_API_KEY", "GEMINI_API_KEY"),
    "groq": ("GROQ_API_KEY",),
    "mistral": ("MISTRAL_API_KEY",),
    "openai": ("OPENAI_API_KEY",),
    "openai-chat": ("OPENAI_API_KEY",),
    "openai-responses": ("OPENAI_API_KEY",),
    "openrouter": ("OPENROUTER_API_KEY",),
    "together": ("TOGETHER_API_KEY",),
    "xai": ("XAI_API_KEY",),
}
"""Where each provider's key is looked for; one of them is enough."""


@dataclass(frozen=True, slots=True)
class ModelUse:
    """A model and who uses it. `unavailable` says why it cannot be made; `keys` are the variables for its key, of which
    none is set where `keyless`."""

    name: str
    by: Sequence[str]
    unavailable: str | None = None
    keys: Sequence[str] = ()
    keyless: bool = False


def model_uses(configuration: Configuration, environ: Mapping[str, str]) -> Iterator[ModelUse]:
    """Every model that is named, with what is known of it without asking its provider."""
    users: dict[str, list[str]] = {}
    for agent_id, agent in configuration.agents.items():
        users.setdefault(agent.model, []).append(agent_id)
    for team_id, team in configuration.teams.items():
        users.setdefault(team.model, []).append(f"leader of {team_id}")
    models = Models()
    for name, by in users.items():
        if name == EMBEDDED:
            yield ModelUse(name, by)
            continue
        keys = KEY_VARIABLES.get(name.partition(":")[0], ())
        keyless = bool(keys) and not any(environ.get(variable) for variable in keys)
        try:
            models.resolve(name)
        except ModelUnavailable as error:
            yield ModelUse(name, by, error.message, keys, keyless)
        else:
            yield ModelUse(name, by, None, keys, keyless)


def model_warnings(configuration: Configuration, environ: Mapping[str, str]) -> list[Problem]:
    """One warning for each model that cannot run here as things are."""
    return [
        _warning(configuration, one) for one in model_uses(configuration, environ) if one.unavailable or one.keyless
    ]


def _warning(configuration: Configuration, one: ModelUse) -> Problem:
    path = next(path for path, value in configuration.values.items() if value == one.name and path.endswith(".model"))
    source = configuration.provenance[path]
    why = one.unavailable or f"`{one.name}` has no key here: {' or '.join(one.keys)} is not set"
    advice = f"calls fail that need it ({', '.join(one.by)}), unless it is set up where Sophia serves"
    return Problem(source.place, path, why, advice, source.line)
