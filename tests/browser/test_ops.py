"""Operators with a browser: a look, a change and its confirmation, on a phone, without a script."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from redis import Redis

from tests.api_server import serving
from tests.browsers import SCREENSHOTS
from tests.builders import GENERATION, LATER
from tests.operated import operated, ops_key
from tests.redis_server import free_port, start


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Address of a served store, a client of it and a key."""
    server = start(tmp_path_factory.mktemp("r"))
    try:
        with Redis.from_url(server.url) as client:
            operated(client)
            key, port = ops_key(client)[1], free_port()
            with serving(server.url, port):
                yield f"http://localhost:{port}", client, key
    finally:
        server.stop()


@pytest.fixture
def address(site):
    return site[0]


@pytest.fixture
def inside(opened, site):
    """Opens the page, signed in."""

    def open_page(width=1440, **how):
        operated(site[1])
        page = opened("/ops", width, **how)
        page.get_by_label("Key").fill(site[2])
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_text("Signed in as night shift")).to_be_visible()
        return page

    return open_page


def roll_back(page):
    page.get_by_role("button", name=f"Roll back to {GENERATION}").first.click()
    expect(page.get_by_role("heading", name="Are you sure?")).to_be_visible()
    page.get_by_role("button", name=f"Make {GENERATION} live").click()


def live(page):
    return page.locator(".generations .id")


@pytest.mark.parametrize("script", [True, False])
def test_a_rollback_takes_a_look_and_two_clicks(inside, script):
    page = inside(java_script_enabled=script)
    expect(live(page)).to_have_text(LATER)

    roll_back(page)

    expect(live(page)).to_have_text(GENERATION)
    expect(page.locator("#changes ~ ol li").first).to_contain_text(
        f"roll back to {GENERATION}: done"
    )


@pytest.mark.parametrize("script", [True, False])
def test_a_test_begins_and_ends_in_favour_of_b(inside, script):
    page = inside(java_script_enabled=script)
    page.get_by_label(f"Percent of users for {GENERATION}").fill("30")
    page.get_by_role("button", name="A/B test").click()
    expect(page.get_by_text(f"{GENERATION} will serve 30 % of the users")).to_be_visible()
    page.get_by_role("button", name="Give it 30 %").click()
    expect(live(page)).to_have_text([LATER, GENERATION])

    page.get_by_role("button", name="End the test: b serves everybody").click()
    page.get_by_role("button", name="End the test").click()
    expect(live(page)).to_have_text(GENERATION)


def test_who_cancels_changes_nothing(inside):
    page = inside()
    page.get_by_role("button", name=f"Roll back to {GENERATION}").first.click()
    page.get_by_role("link", name="Cancel").click()
    expect(live(page)).to_have_text(LATER)


def test_signed_out_is_out_also_for_the_back_button(inside):
    page = inside()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("Key")).to_be_visible()
    page.go_back()
    page.reload()
    expect(page.get_by_text(LATER)).to_have_count(0)


def shown(page, name):
    if name == "confirm":
        page.get_by_role("button", name=f"Roll back to {GENERATION}").first.click()
        expect(page.get_by_role("heading", name="Are you sure?")).to_be_visible()
    if name == "sign-in":
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_label("Key")).to_be_visible()
    return page


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
@pytest.mark.parametrize("name", ["overview", "confirm", "sign-in"])
def test_operators_pages_fit_are_accessible_and_are_kept_to_look_at(inside, name, width, theme):
    page = shown(inside(width, color_scheme=theme, reduced_motion="reduce"), name)

    assert page.evaluate("document.documentElement.scrollWidth") <= width
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"ops-{name}-{width}-{theme}.png", full_page=True)


def test_the_first_screen_of_a_phone_says_what_is_wrong_what_is_live_and_how_to_go_back(inside):
    page = inside(360)

    for one in (page.locator("h1"), page.locator(".id"), page.get_by_text("Roll back to")):
        assert one.first.bounding_box()["y"] < 900
