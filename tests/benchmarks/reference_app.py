"""What lookups are measured against: Flask saying hello, and handing out one bare GET or MGET."""

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


@app.post("/rows")
def rows() -> Response:
    """The least a live answer does: the rows of some titles as they are."""
    titles = request.get_json()
    found = store.mget([keys.influence(generation, AnimeId(one)) for one in titles])
    return Response(b"".join(row for row in found if row))


@app.get("/raw/<int:user_id>")
def raw(user_id: int) -> Response:
    """The least a lookup does: the stored bytes as they are."""
    return Response(store.get(keys.user(generation, UserId(user_id))))
