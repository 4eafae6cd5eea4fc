"""The operators' pages: who gets in, who stays in, what the buttons do."""

import logging
import re
from datetime import UTC, datetime, timedelta

import pytest
from fakeredis import FakeRedis, FakeServer

from api.app import Parts, create_app
from api.auth import Keys, WrongKeyError
from api.guard import Guard
from api.ops.views import Ops
from schemas import documents, keys
from schemas.errors import FlippedMeanwhileError
from schemas.pointer import Pointer, Variant
from schemas.serving import Counted
from schemas.store import access, audit, sessions
from schemas.store.control import Control
from schemas.store.register import Register, State
from schemas.store.retention import Retention
from tests.builders import GENERATION, LATER, manifest
from tests.fakes import InMemoryRankings, SmallGeneration
from tests.operated import MARKUP, REFUSED, hidden, operated, ops_key, sign_in, token_on

NOW = datetime(2026, 11, 28, 3, tzinfo=UTC)
ELSEWHERE = Pointer((Variant(LATER, 1.0),), REFUSED)
SAID = (
    LATER, "serves everybody", "None wait for the next refresh", "0.5131", "11.8 %",
    "model-1", "sha256:data", "comet-1", "md5 1f2e",
    "refresh refused", "train 2 min 30 s", "25 %", "7\u202f844",
)  # fmt: skip
POSTS = ["/ops/sign-out", "/ops/act"]


@pytest.fixture
def store():
    return operated(FakeRedis())


@pytest.fixture
def key(store):
    return ops_key(store)[1]


def browser(store, private_reads=False, **parts):
    guard = Guard(Keys(store), None, private_reads=private_reads)
    counted = Counted({"live": 3.0}, {"200": 4.0}, {0.001: 4.0}, {"hit": 1.0, "miss": 3.0})
    ops = Ops(store, store, lambda: counted, 36.0)
    others = Parts(guard=guard, others=(ops.init_app,), private_reads=private_reads, **parts)
    return create_app(InMemoryRankings(SmallGeneration()), others).test_client()


@pytest.fixture
def web(store):
    return browser(store)


@pytest.fixture
def inside(web, key):
    sign_in(web, key)
    return web


def confirm(web, act, generation, **more):
    return web.get("/ops/confirm", query_string={"act": act, "generation": generation, **more})


def live(store):
    return [(one.generation, one.share) for one in Control(store).pointer().live]


def cookie(web, name="anirec_ops"):
    return web.get_cookie(name, path="/ops")


def test_a_key_of_scope_ops_opens_the_page(web, key):
    answer = sign_in(web, key)

    assert (answer.status_code, answer.headers["Location"]) == (303, "/ops")
    assert "Signed in as night shift" in web.get("/ops").text


def test_without_a_session_there_is_a_form_and_nothing_about_the_store(web):
    page = web.get("/ops")

    assert page.status_code == 200
    assert 'name="key"' in page.text
    assert LATER not in page.text


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(web, key):
    said = sign_in(web, key).headers.getlist("Set-Cookie")

    (session,) = [one for one in said if one.startswith("anirec_ops=")]
    assert {"HttpOnly", "SameSite=Strict", "Path=/ops"} <= {*session.split("; ")}
    assert "Secure" not in session


def test_behind_a_proxy_with_tls_the_cookie_is_secure(store, key):
    web = browser(store, trusted_proxies=1)
    told = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.1"}
    page = web.get("/ops", headers=told, base_url="http://ops.example")

    assert "Secure" in page.headers["Set-Cookie"]
    assert 'name="key"' in page.text


@pytest.mark.parametrize(
    ("address", "taken"),
    [
        ("http://ops.example", False),
        ("http://10.0.0.7:8080", False),
        ("http://localhost.example", False),
        ("http://localhost:8080", True),
        ("http://127.0.0.1:8080", True),
        ("http://[::1]:8080", True),
        ("https://ops.example", True),
    ],
)
def test_a_key_is_taken_only_where_nobody_can_listen(web, key, address, taken):
    page = web.get("/ops", base_url=address)
    form = {"csrf": token_on(page.text) if taken else "", "key": key}
    answer = web.post("/ops/sign-in", data=form, base_url=address)

    assert ('name="key"' in page.text) is taken
    assert answer.status_code == (303 if taken else 403)


def test_what_a_client_says_of_tls_is_not_believed_without_a_trusted_proxy(web):
    page = web.get("/ops", headers={"X-Forwarded-Proto": "https"}, base_url="http://ops.example")

    assert 'name="key"' not in page.text


def test_a_key_for_writing_opens_nothing(web, store):
    _, writing = access.create(store, "importer", NOW)

    answer = sign_in(web, writing)

    assert answer.status_code == 403
    assert "this key is for writing" in answer.text
    assert cookie(web) is None


def test_keys_of_before_there_were_scopes_write_and_do_not_operate(web, store):
    made, old = access.create(store, "old", NOW)
    text = store.hget(keys.ACCESS, made.key_id).replace(b', "scope": "write"', b"")
    assert b"scope" not in text
    store.hset(keys.ACCESS, made.key_id, text)

    assert Keys(store).require(f"Bearer {old}").label == "old"
    assert sign_in(web, old).status_code == 403


def test_a_key_for_operating_does_not_write(store, key):
    with pytest.raises(WrongKeyError, match="for the page /ops alone"):
        Keys(store).require(f"Bearer {key}")


@pytest.mark.parametrize("tried", ["", "nonsense", "ahr_00000000_" + "x" * 43, "é"])
def test_an_unknown_key_opens_nothing(web, tried):
    answer = sign_in(web, tried)

    assert answer.status_code == 403
    assert "unknown, or was revoked" in answer.text


def test_guessing_is_slowed_down(web):
    answers = [sign_in(web, "guess").status_code for _ in range(21)]

    assert answers == [403] * 20 + [429]


def test_signing_in_needs_our_own_form(web, key):
    assert web.post("/ops/sign-in", data={"key": key}).status_code == 403
    web.get("/ops")
    assert web.post("/ops/sign-in", data={"key": key, "csrf": "0" * 64}).status_code == 403
    assert cookie(web) is None


def test_signing_in_makes_a_new_session_whatever_cookie_was_there(web, key):
    web.set_cookie("anirec_ops", "planted", path="/ops")
    sign_in(web, key)

    assert cookie(web).value not in ("planted", "")


def test_the_store_never_sees_a_token(inside, store):
    token = cookie(inside).value.encode()

    (name,) = store.scan_iter("ahr:ops:v1:session:*")
    assert token not in name
    assert token not in store.get(name)


def test_revoking_the_key_ends_its_sessions_at_once(inside, store):
    (key_id,) = (one.key_id for one in access.everyone(store).values())
    access.revoke(store, key_id)

    assert "Signed in" not in inside.get("/ops").text
    assert confirm(inside, "rollback", GENERATION).status_code == 401
    assert list(store.scan_iter("ahr:ops:v1:session:*")) == []


def test_a_session_ends_when_it_is_not_used_and_lives_on_when_it_is(store):
    made, _ = ops_key(store)
    token = sessions.begin(store, made, NOW)
    (name,) = store.scan_iter("ahr:ops:v1:session:*")
    store.expire(name, 5)

    assert sessions.holder(store, token, NOW) == made
    assert store.ttl(name) > sessions.IDLE_SECONDS - 60
    store.delete(name)
    assert sessions.holder(store, token, NOW) is None


@pytest.mark.parametrize(("late", "holds"), [(timedelta(seconds=-1), True), (timedelta(0), False)])
def test_a_session_ends_after_hours_however_much_it_is_used(store, late, holds):
    made, _ = ops_key(store)
    token = sessions.begin(store, made, NOW)

    assert (sessions.holder(store, token, NOW + sessions.LONGEST + late) == made) is holds


def test_an_expired_session_does_nothing_and_says_so(inside, store):
    form = hidden(confirm(inside, "rollback", GENERATION).text)
    store.delete(*store.scan_iter("ahr:ops:v1:session:*"))

    answer = inside.post("/ops/act", data=form)

    assert answer.status_code == 401
    assert "nothing was done" in answer.text
    assert live(store) == [(LATER, 1.0)]


def test_signing_out_ends_the_session_for_everybody_who_has_the_cookie(inside, store):
    token, session = token_on(inside.get("/ops").text), cookie(inside).value

    assert inside.post("/ops/sign-out", data={"csrf": token}).status_code == 303
    assert cookie(inside) is None
    inside.set_cookie("anirec_ops", session, path="/ops")
    assert "Signed in" not in inside.get("/ops").text


@pytest.mark.parametrize("path", POSTS)
def test_a_forged_form_does_nothing(inside, store, path):
    form = hidden(confirm(inside, "rollback", GENERATION).text)

    forged = inside.post(path, data=form | {"csrf": "0" * 64})
    crossed = inside.post(path, data=form, headers={"Sec-Fetch-Site": "cross-site"})

    assert (forged.status_code, crossed.status_code) == (403, 403)
    assert "Signed in" in inside.get("/ops").text
    assert live(store) == [(LATER, 1.0)]
    assert audit.newest(store, 9) == []


def test_a_rollback_is_confirmed_made_and_recorded(inside, store, caplog):
    page = confirm(inside, "rollback", GENERATION)
    assert f"{GENERATION} will serve everybody" in page.text

    with caplog.at_level(logging.INFO):
        answer = inside.post("/ops/act", data=hidden(page.text))

    assert answer.status_code == 303
    assert live(store) == [(GENERATION, 1.0)]
    assert Control(store).pointer().previous == LATER
    (entry,) = audit.newest(store, 9)
    assert (entry.what, entry.outcome) == (f"roll back to {GENERATION}", "done")
    assert entry.who.endswith(" night shift")
    assert entry.what in inside.get("/ops").text
    assert [one.fields["outcome"] for one in caplog.records if one.name.endswith("audit")] == [
        "begun", "done",
    ]  # fmt: skip


def test_a_confirmation_shows_what_is_live_beside_what_would_be(inside, store):
    less = {"counts": {"users": 7801}, "metrics": {"ndcg@10": 0.4}, "data_version": "md5 1f2e"}
    described = manifest(GENERATION, created="2026-11-24T02:00:00Z", model="model-0", **less)
    store.set(keys.manifest(GENERATION), documents.dump(described))

    page = confirm(inside, "split", GENERATION, percent=25).text

    assert rows(page)["Serves now"] == ["100 %", "nobody"]
    assert rows(page)["Will serve"] == ["75 %", "25 %"]
    assert rows(page)["Model"] == ["model-1", "model-0"]
    assert rows(page)["Users"] == ["7\u202f844", "7\u202f801"]
    assert rows(page)["Titles"] == ["18\u202f888", "–"]
    assert rows(page)["ndcg@10"] == ["0.5131", "0.4000"]
    assert rows(page)["coverage@10"] == ["0.1180", "–"]
    heads = re.findall(r'<th scope="col" class="id">(.*?)</th>', page)
    assert [one.replace("<wbr>", "") for one in heads] == [LATER, GENERATION]
    assert 'class="differs"><th scope="row">Model' in page
    assert 'class="differs"><th scope="row">Data' not in page


def rows(page):
    """Cells of each row of the comparison, by what the row is about."""
    found = re.findall(r'<tr[^>]*><th scope="row">([^<]*)</th>(.*?)</tr>', page)
    return {name: re.findall("<td>([^<]*)</td>", cells) for name, cells in found}


@pytest.mark.parametrize(
    ("act", "said"),
    [
        ("rollback", "Done: rolled back"),
        ("split", "Done: two generations"),
        ("end", "Done: the test"),
    ],
)
def test_what_was_done_is_said_on_the_page_that_follows(inside, store, act, said):
    if act == "end":
        Control(store).swap(Pointer((Variant(LATER, 0.5), Variant(GENERATION, 0.5))))
    form = hidden(confirm(inside, act, GENERATION).text)

    answer = inside.post("/ops/act", data=form)

    assert answer.headers["Location"] == f"/ops?done={act}"
    assert said in inside.get(answer.headers["Location"]).text
    assert "Done:" not in inside.get("/ops").text


@pytest.mark.parametrize("query", ["done=everything", "done=rollback&done=end", "said=hello"])
def test_the_page_repeats_no_text_of_its_address(inside, query):
    assert inside.get(f"/ops?{query}").status_code == 400


def test_a_phone_comes_to_stored_generations_before_the_record_of_changes(inside):
    page = inside.get("/ops").text

    assert page.index('id="stored"') < page.index('id="changes"')


def test_a_test_is_begun_changed_and_ended_for_either(inside, store):
    inside.post("/ops/act", data=hidden(confirm(inside, "split", GENERATION, percent=25).text))
    assert live(store) == [(LATER, 0.75), (GENERATION, 0.25)]

    inside.post("/ops/act", data=hidden(confirm(inside, "split", GENERATION, percent=40).text))
    assert live(store) == [(LATER, 0.6), (GENERATION, 0.4)]

    page = inside.get("/ops").text
    assert page.index("End the test: a serves") < page.index("End the test: b serves")
    inside.post("/ops/act", data=hidden(confirm(inside, "end", GENERATION).text))
    assert live(store) == [(GENERATION, 1.0)]


@pytest.mark.parametrize("act", ["rollback", "split", "end"])
def test_what_is_decided_on_an_old_page_is_not_done(inside, store, act):
    if act == "end":
        Control(store).swap(Pointer((Variant(LATER, 0.5), Variant(GENERATION, 0.5))))
    form = hidden(confirm(inside, act, GENERATION).text)
    Control(store).swap(ELSEWHERE)

    answer = inside.post("/ops/act", data=form)

    assert answer.status_code == 409
    assert "somebody else has changed what is live meanwhile" in answer.text
    assert Control(store).pointer() == ELSEWHERE
    assert audit.newest(store, 1)[0].outcome.startswith("somebody else")


class Overtaken(Control):
    """Somebody else changes what is live at the last moment."""

    def swap_from(self, seen, target):
        Control(self.client).swap(ELSEWHERE)
        return super().swap_from(seen, target)


def test_a_change_at_the_last_moment_is_not_overwritten_and_nothing_stays_revived(store):
    control, register = Overtaken(store), Register(store)

    with pytest.raises(FlippedMeanwhileError):
        Retention(control, register, 48.0).roll_back(GENERATION, NOW, control.pointer_text())

    assert control.pointer() == ELSEWHERE
    assert register.find(GENERATION).state is State.SUPERSEDED
    assert store.ttl(keys.manifest(GENERATION)) > 0


@pytest.mark.parametrize("generation", [REFUSED, "20200101T000000Z"])
def test_what_never_served_cannot_be_made_live(inside, store, generation):
    form = hidden(confirm(inside, "rollback", GENERATION).text)

    assert confirm(inside, "rollback", generation).status_code == 404
    assert inside.post("/ops/act", data=form | {"generation": generation}).status_code == 409
    assert live(store) == [(LATER, 1.0)]


@pytest.mark.parametrize(
    ("act", "generation", "why"),
    [
        ("rollback", LATER, "serves everybody already"),
        ("split", LATER, "first variant already"),
        ("end", LATER, "there is no test"),
        ("end", GENERATION, "there is no test"),
    ],
)
def test_what_is_so_already_is_not_asked_for(inside, act, generation, why):
    page = confirm(inside, act, generation)

    assert page.status_code == 404
    assert why in page.text


@pytest.mark.parametrize(
    "change",
    [{}, {"act": "drop"}, {"percent": "0"}, {"percent": "100"}, {"generation": "x"}, {"more": "1"}],
)
def test_what_makes_no_sense_is_refused(inside, change):
    asked = {"act": "split", "generation": GENERATION} | change if change else {}

    assert inside.get("/ops/confirm", query_string=asked).status_code == 400


def test_nothing_is_done_that_cannot_be_recorded(inside, store):
    form = hidden(confirm(inside, "rollback", GENERATION).text)
    store.set(keys.AUDIT, "no stream")

    assert inside.post("/ops/act", data=form).status_code == 503
    assert live(store) == [(LATER, 1.0)]


def test_a_change_that_never_ended_says_so(store):
    with pytest.raises(SystemExit):
        audit.audited(store, "somebody", "something", lambda: exec("raise SystemExit"))

    assert [one.outcome for one in audit.newest(store, 9)] == ["begun"]


def test_the_page_says_what_is_live_where_it_came_from_and_what_failed(inside):
    page = inside.get("/ops").text

    for said in SAID:
        assert said in page, said
    assert "total" not in page
    assert f"Roll back to {GENERATION}" in page
    assert page.count("<figure>") == 3
    assert page.count('<path class="refused" d="M') == 1 + 3


def test_what_others_wrote_is_only_text(inside):
    page = inside.get("/ops").text

    assert MARKUP not in page
    assert "&lt;script&gt;alert" in page


def test_pages_are_kept_nowhere_and_framed_by_nobody(inside):
    for path in ("/ops", f"/ops/confirm?act=rollback&generation={GENERATION}"):
        headers = inside.get(path).headers
        assert headers["Cache-Control"] == "no-store"
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert "style=" not in inside.get(path).text
        assert headers["Referrer-Policy"] == "no-referrer"


def test_a_store_that_is_away_is_said_on_a_page(key):
    server = FakeServer()
    web = browser(operated(FakeRedis(server=server)))
    sign_in(web, ops_key(FakeRedis(server=server))[1])
    server.connected = False

    page = web.get("/ops")

    assert (page.status_code, page.mimetype) == (503, "text/html")
    assert "Nothing can be looked at or changed here" in page.text
    assert page.headers["Retry-After"]


def test_what_cannot_be_read_leaves_the_rest_of_the_page(inside, store):
    store.hset(keys.RUNS, "x", "{}")
    store.hset(keys.REGISTER, "y", '{"generation": "y", "state": "folded"}')

    page = inside.get("/ops")

    assert page.status_code == 200
    assert "which a newer version must have written" in page.text


@pytest.mark.parametrize("pointer", [None, b"{", b"\xff"])
def test_a_store_without_a_pointer_is_shown_and_nothing_can_be_changed(inside, store, pointer):
    store.hdel(keys.CONTROL, "pointer")
    if pointer is not None:
        store.hset(keys.CONTROL, "pointer", pointer)

    page = inside.get("/ops")

    assert page.status_code == 200
    assert "Nothing is live: every answer is 503" in page.text
    assert confirm(inside, "split", GENERATION).status_code == 404


def test_private_reads_ask_for_a_session_and_not_for_a_header(store, key):
    web = browser(store, private_reads=True)

    assert web.get("/").status_code == 401
    assert sign_in(web, key).status_code == 303
    assert "Signed in" in web.get("/ops").text


def test_a_bearer_is_no_session(web, key):
    page = web.get("/ops", headers={"Authorization": f"Bearer {key}"})

    assert "Signed in" not in page.text
