"""The page at the root: what there is to ask for."""

from typing import Final

HOME: Final = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Anime recommendations</title></head>
<body>
<h1>Anime recommendations</h1>
<ul>
<li><a href="/v1/users/1/recommendations">GET /v1/users/{user_id}/recommendations</a></li>
<li><a href="/v1/users/1/similar">GET /v1/users/{user_id}/similar</a></li>
<li><a href="/v1/anime/1">GET /v1/anime/{anime_id}</a></li>
<li><a href="/v1/anime/1/similar">GET /v1/anime/{anime_id}/similar</a></li>
<li>POST /v1/recommendations with {"ratings": [{"anime_id": 1, "rating": 9}]}</li>
<li><a href="/v1/generation">GET /v1/generation</a></li>
<li><a href="/healthz">GET /healthz</a>, <a href="/readyz">GET /readyz</a></li>
</ul>
</body>
</html>
"""
