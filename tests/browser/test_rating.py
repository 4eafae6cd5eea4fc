"""A rating on a card, and the list that follows it, with a model and a worker as in production."""

import re

import pytest
from playwright.sync_api import expect
from redis import Redis

from schemas import keys
from schemas.store.waiting import GROUP
from tests.api_server import eventually, serving
from tests.datasets import refreshed
from tests.redis_server import free_port, start
from tests.worker_process import start_worker

FORMS = {"ANIREC_DASHBOARD_RATINGS": "1", "ANIREC_RATE_LIMIT": "600/minute"}
PATIENCE = 60.0
"""Of a worker that has just been started."""
PAGE = "/users?user_id=7&franchise=all"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A real generation, a worker that has begun, and an API whose pages take ratings."""
    folder, server = tmp_path_factory.mktemp("site"), start(tmp_path_factory.mktemp("r"))
    refreshed(folder, server.url)
    worker = start_worker(server.url, folder / "artifacts")
    port = free_port()
    try:
        with Redis.from_url(server.url) as client, serving(server.url, port, **FORMS):
            eventually(lambda: bool(client.exists(keys.STREAM)), True, PATIENCE)  # its group
            yield client, f"http://localhost:{port}"
    finally:
        worker.kill()
        worker.wait()
        server.stop()


@pytest.fixture
def address(site):
    return site[1]


def titles(page):
    return page.locator("#results .card h3").all_inner_texts()


def rate(page, title, opinion):
    card = page.locator(".card", has=page.get_by_role("heading", name=title, exact=True))
    card.get_by_label(f"What you think of {title}").select_option(opinion)
    card.get_by_role("button", name=f"Rate {title}").click()


def follows(client):
    """Wait until the worker has nothing more to do."""

    def waiting():
        groups = client.xinfo_groups(keys.STREAM)
        return [(one["lag"], one["pending"]) for one in groups if one["name"] == GROUP.encode()]

    eventually(waiting, [(0, 0)], PATIENCE)


def test_a_rating_on_a_card_changes_the_list_without_loading_the_page(opened, site):
    client, _ = site
    page = opened(PAGE)
    page.evaluate("document.body.dataset.same = 'yes'")
    before = titles(page)

    rate(page, before[0], "★ 10")

    expect(page.get_by_text(f"Noted what you think of {before[0]}")).to_be_visible()
    expect(page.get_by_role("heading", name=before[0], exact=True)).to_have_count(0)
    follows(client)
    expect(page.locator("[data-behind]")).to_have_count(0, timeout=PATIENCE * 1000)
    expect(page.locator("ul.own")).to_contain_text(f"{before[0]} ★ 10")
    assert page.evaluate("document.body.dataset.same") == "yes"
    fresh = opened(PAGE)
    expect(page.locator("#results .card h3")).to_have_text(titles(fresh))
    assert before[0] not in titles(fresh)


def test_without_a_script_the_form_leads_to_the_page_again(opened):
    page = opened(PAGE, java_script_enabled=False)
    first = titles(page)[0]

    rate(page, first, "Not for me")

    expect(page).to_have_url(re.compile(r"rated=\d+$"))
    expect(page.get_by_text(f"Noted what you think of {first}")).to_be_visible()
    assert first not in titles(page)
