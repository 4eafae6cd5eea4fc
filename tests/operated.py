"""A store as operators find it in the morning, and an operator who signs in."""

import re
from datetime import UTC, datetime

from schemas import documents, keys
from schemas.records import Generation
from schemas.runs import Outcome, Run
from schemas.store import access, runs
from schemas.store.access import Scope
from schemas.store.register import Record, Register, State
from tests.builders import GENERATION, LATER, catalogue, manifest, publish_small, ranking, set_live

REFUSED = Generation("20261126T020000Z")
MARKUP = "<script>alert('gate')</script> & more"
EARLIER = datetime(2026, 11, 20, tzinfo=UTC)
MEASURED = {"ndcg@10": 0.5131, "coverage@10": 0.118}
LINEAGE = {
    "metrics": MEASURED, "counts": {"users": 7844, "catalogue": 18888}, "experiment": "comet-1",
    "data_version": "md5 1f2e", "seconds": {"ingest": 9.0, "train": 150.0},
}  # fmt: skip


def operated(client):
    """LATER is live, one can go back to GENERATION, and last night a gate refused REFUSED."""
    for name in (GENERATION, LATER):
        publish_small(client, name, live=False, anime=catalogue(1, 2, 3), users={7: ranking(1, 2)},
                      popular=ranking(0, 1))  # fmt: skip
        created = datetime.strptime(name, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).isoformat()
        described = manifest(name, created=created, **LINEAGE)
        client.set(keys.manifest(name), documents.dump(described))
    register = Register(client)
    register.write(Record(GENERATION, State.SUPERSEDED, users=7801))
    register.write(Record(LATER, State.LIVE, users=7844))
    register.write(Record(REFUSED, State.REFUSED, users=12, note=MARKUP))
    set_live(client, LATER, previous=GENERATION)
    runs.write(client, _run(LATER, Outcome.DONE, MEASURED))
    runs.write(client, _run(REFUSED, Outcome.REFUSED, {"ndcg@10": 0.31, "coverage@10": 0.02}))
    return client


def _run(generation, outcome, metrics):
    day = generation[:4], generation[4:6], generation[6:8]
    return Run(
        f"{generation}-abc", "refresh", "nightly", "refresh 1 on here",
        started=f"{'-'.join(day)}T02:00:00+00:00", ended=f"{'-'.join(day)}T02:04:10+00:00",
        outcome=outcome, exit_code=0, generation=generation, metrics=metrics,
        message=MARKUP if outcome is Outcome.REFUSED else "",
        seconds={"ingest": 9.0, "train": 150.0, "score": 31.0, "verify": 4.0, "total": 250.0},
    )  # fmt: skip


def ops_key(client, label="night shift"):
    """The record of a key for the page, and the key."""
    return access.create(client, label, EARLIER, Scope.OPS)


def token_on(page):
    """What the forms of a page carry."""
    return re.search(r'name="csrf" value="(\w+)"', page)[1]


def hidden(page):
    """What the last form of a page would send."""
    form = page.split('<form method="post" action="/ops/act">')[1].split("</form>")[0]
    found = re.findall(r'name="(\w+)" value="([^"]*)"', form)
    return {name: value.replace("&#34;", '"') for name, value in found}


def sign_in(web, key):
    """Sign a Flask client in; the answer to the form."""
    token = token_on(web.get("/ops").text)
    return web.post("/ops/sign-in", data={"csrf": token, "key": key})
