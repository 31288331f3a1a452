"""`sophia install`: print the entry that a client needs, or merge it into the client's file."""

from pathlib import Path

from server.commands.output import fail, printed
from server.install import ClientName, InstallError, plan, write

__all__ = ["install"]


def install(
    client: ClientName, config_dir: Path | None, state_dir: Path | None, *, write_it: bool, as_json: bool
) -> int:
    """Print or write the entry."""
    try:
        planned = plan(client, config_dir=config_dir, state_dir=state_dir)
        written = write(planned) if write_it else None
    except InstallError as error:
        return fail(str(error))
    if as_json:
        said = {
            "client": client,
            "file": str(planned.file),
            "top_key": planned.top_key,
            "entry": dict(planned.entry),
            "carried": planned.carried,
            "left_out": planned.left_out,
        }
        done = (
            {"written": written.changed, "backup": str(written.backup) if written.backup else None} if written else {}
        )
        printed(said | done)
    elif written is None:
        print(planned.describe())  # noqa: T201
    elif not written.changed:
        print(f"{written.file} has the entry already.")  # noqa: T201
    else:
        kept = f" The file as it was is {written.backup}." if written.backup else ""
        print(f"{written.file} now starts Sophia.{kept} {planned.after}")  # noqa: T201
        print("\n".join(planned.variables()), end="\n" if planned.variables() else "")  # noqa: T201
    return 0
