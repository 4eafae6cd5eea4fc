"""What lookups are measured against: Flask saying hello, and Flask handing out one bare GET."""

import os

from flask import Flask, Response, jsonify
from redis import Redis

from schemas import keys
from schemas.records import Generation, UserId

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
