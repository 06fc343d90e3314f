"""The id of the call that is being answered: it stands in the header, in errors and in the log."""

from contextvars import ContextVar

REQUEST_ID: ContextVar[str] = ContextVar("request_id")
