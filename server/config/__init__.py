"""Configuration: strict models of the operator's files, loaded with the source of every value.

`load` gives a `Configuration` or a `ConfigurationError` with every problem. May import: nothing of `server`
outside this package, nothing of `agents` or `teams`.
"""

from server.config.agno_integration import AgentSettings, AgnoIntegration, TeamSettings
from server.config.changes import difference, waits_for_restart
from server.config.configuration import Configuration, Files
from server.config.downstream import CapabilityUse
from server.config.loading import Check, check, load, load_again
from server.config.masking import Masks
from server.config.names import AGENT_IDS, TEAM_IDS, AgentId, TeamId
from server.config.noted import files_of_servers, is_here, noted_files, other_directory
from server.config.problems import ConfigurationError, Problem
from server.config.proposal import Proposal, propose
from server.config.references import UnresolvedReferenceError
from server.config.servers import (
    Downstream,
    DownstreamServer,
    HttpTransport,
    StdioTransport,
    Transport,
    resolve_transport,
)
from server.config.settings import settable
from server.config.values import EMBEDDED

__all__ = [
    "AGENT_IDS",
    "EMBEDDED",
    "TEAM_IDS",
    "AgentId",
    "AgentSettings",
    "AgnoIntegration",
    "CapabilityUse",
    "Check",
    "Configuration",
    "ConfigurationError",
    "Downstream",
    "DownstreamServer",
    "Files",
    "HttpTransport",
    "Masks",
    "Problem",
    "Proposal",
    "StdioTransport",
    "TeamId",
    "TeamSettings",
    "Transport",
    "UnresolvedReferenceError",
    "check",
    "difference",
    "files_of_servers",
    "is_here",
    "load",
    "load_again",
    "noted_files",
    "other_directory",
    "propose",
    "resolve_transport",
    "settable",
    "waits_for_restart",
]
