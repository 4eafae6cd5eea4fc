"""Jobs: when they run, how long, and what becomes of one that fails."""

import re
import zoneinfo
from collections.abc import Iterator

from jobs import exit_codes
from tests.manifests import Document, job_of, name_of, of_kind, settings_of

FIELDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
USELESS = {exit_codes.MISUSED, exit_codes.REFUSED}
AGAIN = {exit_codes.FAILED, exit_codes.TRY_AGAIN}


def schedules(documents: list[Document]) -> Iterator[str]:
    """Five fields in a known time zone; never two at once; a late start has an end."""
    for one in of_kind(documents, "CronJob"):
        spec = one["spec"]
        fields = spec["schedule"].split()
        if len(fields) != len(FIELDS) or not all(map(_is_field, fields, FIELDS)):
            yield f"{name_of(one)}: schedule {spec['schedule']!r} does not parse"
        if spec.get("timeZone") not in zoneinfo.available_timezones():
            yield f"{name_of(one)}: no such time zone: {spec.get('timeZone')}"
        if spec.get("concurrencyPolicy") != "Forbid":
            yield f"{name_of(one)}: two may run at once"
        if not spec.get("suspend"):
            for limit in (
                "startingDeadlineSeconds",
                "successfulJobsHistoryLimit",
                "failedJobsHistoryLimit",
            ):
                if limit not in spec:
                    yield f"{name_of(one)}: no {limit}"


def _is_field(text: str, bounds: tuple[int, int]) -> bool:
    """Lists of `*`, numbers and ranges, each perhaps with a step; no names of months or days."""
    for part in text.split(","):
        found = re.fullmatch(r"(?:\*|([0-9]+)(?:-([0-9]+))?)(?:/([1-9][0-9]*))?", part)
        if not found:
            return False
        low, high = found[1] or bounds[0], found[2] or found[1] or bounds[1]
        if not bounds[0] <= int(low) <= int(high) <= bounds[1]:
            return False
    return True


def deadlines(documents: list[Document]) -> Iterator[str]:
    """Every Job ends; a program that stops by itself does so before it is killed."""
    for owner, job in _jobs(documents):
        limit = job.get("activeDeadlineSeconds")
        for needed in ("activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished"):
            if needed not in job:
                yield f"{owner}: no {needed}"
        pod = job["template"]["spec"]
        for one in pod["containers"]:
            own = settings_of(documents, one).get("ANIREC_DEADLINE_SECONDS")
            if own and limit and float(own) + pod["terminationGracePeriodSeconds"] >= limit:
                yield f"{owner}: killed before its own deadline of {own} s"
            if one["args"][0] == "refresh" and not own:
                yield f"{owner}: no ANIREC_DEADLINE_SECONDS"


def failures(documents: list[Document]) -> Iterator[str]:
    """Exit codes of the contract decide whether a Job is tried again."""
    for owner, job in _jobs(documents):
        pod = job["template"]["spec"]
        if pod["restartPolicy"] != "Never":
            yield f"{owner}: restartPolicy {pod['restartPolicy']} hides exit codes"
        if job.get("backoffLimit") == 0:
            continue  # never tried again, whatever the code
        names = {one["name"] for one in pod["containers"]}
        codes: dict[str, set[int]] = {}
        for rule in job.get("podFailurePolicy", {}).get("rules", []):
            asked = rule.get("onExitCodes")
            if asked:
                codes.setdefault(rule["action"], set()).update(asked["values"])
                if asked["containerName"] not in names or asked["operator"] != "In":
                    yield f"{owner}: a rule looks at {asked}"
        if codes != {"FailJob": USELESS, "Count": AGAIN}:
            yield f"{owner}: podFailurePolicy {codes} is not what the exit codes mean"


def _jobs(documents: list[Document]) -> list[tuple[str, Document]]:
    made = [(name_of(one), job_of(one)) for one in documents]
    return [(owner, job["spec"]) for owner, job in made if job]


CHECKS = (schedules, deadlines, failures)
