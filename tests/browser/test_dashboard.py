"""People with a browser: what they choose, what they see, on which screens, by which means."""

import gzip
import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.conftest import MARKUP
from tests.browsers import SCREENSHOTS

MAL = """<?xml version="1.0"?><myanimelist>
<anime><series_animedb_id>2</series_animedb_id>
<my_score>9</my_score><my_status>Completed</my_status></anime>
<anime><series_animedb_id>9</series_animedb_id><my_status>Plan to Watch</my_status></anime>
</myanimelist>"""
LISTS = [
    ("list.xml", MAL.encode()),
    ("list.xml.gz", gzip.compress(MAL.encode())),
    ("list.json", b'{"lists": [{"entries": [{"status": "COMPLETED", "media": {"idMal": 2}}]}]}'),
    ("list.csv", b"anime_id,rating\n2,9\n"),
]
PAGES = {
    "start": "/",
    "picks": "/?likes=1:9,2,3:x&genres=Action",
    "list": "/?likes=1:9&view=list",
    "user": "/users?user_id=7",
    "title": "/anime/1",
    "import": "/import",
    "insights": "/insights",
}


def cards(page):
    return page.locator("#results .card h3").all_inner_texts()


def pick(page, text):
    page.get_by_role("combobox", name="Add a title you know").fill(text)
    page.get_by_role("option").first.click()


def chip(page, name):
    return page.locator(".chip", has_text=name)


def test_titles_are_chosen_and_the_list_and_the_address_follow(opened):
    page = opened()
    before = cards(page)

    pick(page, "song of wnd")
    expect(chip(page, "Song of Wind")).to_be_visible()
    expect(page.locator(".why").first).to_contain_text("Because you liked Song of Wind")
    page.get_by_label("What you think of Song of Wind").select_option("★ 9")

    expect(page).to_have_url(re.compile(r"/\?likes=2:9$"))
    assert cards(page) != before
    page.get_by_role("button", name="Less like Title 10").click()
    expect(chip(page, "Title 10")).to_have_class(re.compile("dropped"))
    page.get_by_role("button", name="Remove Song of Wind").click()
    expect(chip(page, "Song of Wind")).to_have_count(0)


def test_whoever_chooses_faster_than_answers_come_loses_nothing(opened):
    page = opened("/?likes=2")
    page.evaluate("""document.querySelectorAll("#results button.yes").forEach(
        (one, at) => { if (at < 3) one.click(); })""")

    expect(page.locator(".chip")).to_have_count(4)


def test_a_link_shows_the_same_to_somebody_else_and_back_goes_back(opened):
    page = opened()
    pick(page, "iron")
    page.locator("summary").click()
    page.get_by_role("group", name="None of these genres").get_by_text("Comedy").click()
    expect(page).to_have_url(re.compile("exclude_genres=Comedy.*likes=4"))

    other = opened("/?" + page.url.partition("?")[2])
    assert cards(other) == cards(page)
    expect(other.locator("#active")).to_have_text("1")
    page.go_back()
    expect(page).to_have_url(re.compile(r"/\?likes=4$"))


def test_filters_and_looks_change_the_list_at_once(opened):
    page = opened()
    page.locator("summary").click()
    page.get_by_role("group", name="Types").get_by_text("Movie").click()
    expect(page.locator(".facts").first).to_contain_text("Movie")
    page.get_by_label("From").fill("2020")
    page.keyboard.press("Tab")
    expect(page).to_have_url(re.compile("year_min=2020"))
    page.get_by_text("List", exact=True).click()
    expect(page.locator("ul.cards.list")).to_be_visible()
    page.get_by_text("Romaji", exact=True).click()
    expect(page).to_have_url(re.compile("titles=romaji.*view=list"))


def test_the_keyboard_alone_is_enough(opened):
    page = opened()
    page.keyboard.press("Tab")
    expect(page.get_by_text("Skip to the titles")).to_be_focused()
    page.get_by_role("combobox", name="Add a title you know").focus()
    page.keyboard.type("kaze")
    expect(page.get_by_role("option").first).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("option", selected=True)).to_contain_text("Song of Wind")
    page.keyboard.press("Enter")
    expect(chip(page, "Song of Wind")).to_be_visible()
    expect(page.get_by_role("combobox", name="Add a title you know")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    expect(page).to_have_url(re.compile("likes=2:10$"))
    expect(page.locator("#pick2")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".chip")).to_have_count(0)


def test_enter_takes_what_is_surely_meant(opened):
    page = opened()
    box = page.get_by_role("combobox", name="Add a title you know")
    box.fill("Song of Wind")
    box.press("Enter")
    expect(chip(page, "Song of Wind")).to_be_visible()
    expect(box).to_have_value("")


def test_whoever_types_what_is_no_title_sees_that_it_is_none(opened):
    page = opened()
    hint = page.locator("#hint")
    page.get_by_role("combobox", name="Add a title you know").fill("qqqqqqq")
    expect(hint).to_contain_text("Nothing is called “qqqqqqq”")
    page.get_by_role("combobox", name="Add a title you know").fill("kaze")
    expect(hint).to_contain_text("typos are fine")


def test_without_a_script_the_same_form_leads_to_the_same_list(opened):
    plain = opened(java_script_enabled=False)
    plain.get_by_label("Add a title you know").fill("song")
    plain.get_by_role("button", name="Search").click()
    plain.locator("#found button", has_text="Song of Wind").click()
    expect(chip(plain, "Song of Wind")).to_be_visible()
    plain.get_by_label("What you think of Song of Wind").select_option("★ 9")
    plain.locator("summary").click()
    plain.get_by_role("button", name="Show", exact=True).click()

    assert cards(plain) == cards(opened("/?likes=2:9"))


@pytest.mark.parametrize(("name", "content"), LISTS)
def test_a_list_is_imported_and_filters_work_on_it(opened, name, content):
    page = opened("/import")
    page.get_by_label("Your exported list").set_input_files(
        {"name": name, "mimeType": "application/octet-stream", "buffer": content}
    )
    page.get_by_role("button", name="Read it").click()
    expect(page.locator(".why").first).to_contain_text("Song of Wind")
    assert "Title 9" not in cards(page) or "xml" not in name  # planned titles are known

    page.locator("summary").click()
    page.get_by_role("group", name="Types").get_by_text("Movie").click()
    expect(page.locator(".facts").first).to_contain_text("Movie")
    expect(page).to_have_url(re.compile("/import$"))


def test_another_number_is_another_users_page_and_a_filter_keeps_to_it(opened):
    page = opened("/users?user_id=7")
    page.locator("summary").click()
    page.get_by_role("group", name="Types").get_by_text("Movie").click()
    expect(page).to_have_url(re.compile("types=Movie&user_id=7"))
    expect(page.get_by_role("heading", name="What they lean to")).to_be_visible()
    page.get_by_label("User number").fill("8")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="For user 8")).to_be_visible()
    expect(page.get_by_role("heading", name="What they lean to")).to_have_count(0)


def test_titles_with_markup_are_text_everywhere(opened):
    page = opened("/?likes=5")
    expect(chip(page, MARKUP)).to_be_visible()
    page.get_by_role("combobox", name="Add a title you know").fill("img src")
    expect(page.get_by_role("option").first).to_contain_text(MARKUP)


def test_the_theme_is_the_systems_until_another_is_chosen(opened):
    page = opened(color_scheme="dark")
    ground = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(ground)
    page.get_by_role("button", name="Dark or light").click()
    assert page.evaluate(ground) != dark
    page.reload()
    assert page.evaluate(ground) != dark


def test_insights_lead_to_titles_lists_and_back_and_the_table_says_what_the_chart_shows(opened):
    page = opened("/")
    page.get_by_role("link", name="Insights").click()
    expect(page.get_by_role("heading", name="Hidden gems")).to_be_visible()
    expect(page.get_by_role("row", name="1999")).to_have_count(0)
    page.get_by_text("As a table").click()
    expect(page.get_by_role("row", name="1999")).to_be_visible()

    page.get_by_role("link", name="Song of Wind").first.click()
    expect(page.get_by_role("heading", name="Song of Wind")).to_be_visible()
    page = opened("/anime/1")
    expect(page.get_by_role("heading", name="Who likes it")).to_be_visible()
    expect(page.get_by_role("row", name="Drama 40 % 20 %")).to_be_visible()
    page.get_by_role("link", name="What everybody likes").click()
    page.locator("#groups + p + ul").get_by_role("link", name="Drama").first.click()
    expect(page).to_have_url(re.compile("genres=Drama"))


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
@pytest.mark.parametrize("name", PAGES)
def test_pages_fit_are_accessible_and_are_kept_to_look_at(opened, name, width, theme):
    page = opened(PAGES[name], width, color_scheme=theme, reduced_motion="reduce")
    if page.locator("summary").count() and not page.locator("#filters[open]").count():
        page.locator("summary").click()

    assert page.evaluate("document.documentElement.scrollWidth") <= width
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}-{width}-{theme}.png")
