"""What the API is measured against: Flask saying hello, and Flask handing out what a GET, or an
MGET, brings.
"""

import os

from flask import Flask, Response, jsonify, request
from redis import Redis

from schemas import keys
from schemas.records import AnimeId, Generation, UserId

app = Flask("reference")
store = Redis.from_url(os.environ["ANIREC_STORE"])
generation = Generation(os.environ["REFERENCE_GENERATION"])


@app.get("/hello")
def hello() -> Response:
    """The least a Flask view does."""
    return jsonify(message="hello")


@app.get("/raw/<int:user_id>")
def raw(user_id: int) -> Response:
    """The least a lookup does: the stored bytes as they are."""
    return Response(store.get(keys.user(generation, UserId(user_id))))


@app.post("/rows")
def rows() -> Response:
    """The least a live answer does: the rows of the titles that are named, as they are."""
    names = [keys.influence(generation, AnimeId(one)) for one in request.get_json()]
    return Response(b"".join(row or b"" for row in store.mget(names)))
