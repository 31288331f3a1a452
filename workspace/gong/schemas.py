"""What the tools of the call server take and give, as JSON Schema 2020-12: objects, without `$ref`.

What comes from Gong is described as far as a client relies on it and stays open: Gong adds fields.
"""

from workspace.toolset import Json, given

__all__ = ["CALL_ID", "SPAN", "listing", "things"]

CALL_ID: Json = {
    "type": "string",
    "minLength": 1,
    "maxLength": 64,
    "description": "Gong call id: up to 20 digits, as list_calls and search_calls give it.",
}

SPAN: Json = {
    "fromDateTime": {"type": "string", "description": "Earliest start, ISO-8601 date or time, inclusive."},
    "toDateTime": {"type": "string", "description": "Latest start, ISO-8601 date or time, exclusive."},
}

RECORDS: Json = {
    "type": "object",
    "properties": {
        "totalRecords": {"type": "integer"},
        "currentPageSize": {"type": "integer"},
        "currentPageNumber": {"type": "integer"},
        "cursor": {"type": "string", "description": "Present while more pages follow."},
    },
    "required": ["totalRecords", "currentPageSize", "currentPageNumber"],
}

AS_OF: Json = {"type": ["string", "null"], "description": "The day relative periods count from, YYYY-MM-DD."}
SYNTHETIC: Json = {"type": "boolean", "description": "True where calls were invented; say so when you show them."}


def things(description: str) -> Json:
    """A list of objects."""
    return {"type": "array", "items": {"type": "object"}, "description": description}


def listing(key: str, description: str, **more: Json) -> Json:
    """A page of Gong: the record block, the list and what else is said of it."""
    return given({"records": RECORDS, key: things(description), **more})
