"""The API's composition root: the one place where parts meet."""

from flask import Flask, Response

from api import problems
from api.bodies import MAX_BODY
from api.repository import Rankings
from api.views import Views


def create_app(rankings: Rankings) -> Flask:
    app = Flask("api", static_folder=None)
    # A body without a length is cut at this limit without an error; one byte more than we
    # accept is how views can tell.
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY + 1
    Views(rankings).init_app(app)
    problems.init_app(app)
    app.after_request(_harden)
    return app


def _harden(response: Response) -> Response:
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
