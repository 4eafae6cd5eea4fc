import pytest
from flask import Flask, request

from api import csrf
from api.csrf import ForgedError

SECRET = csrf.new_secret()
GOOD = {csrf.FIELD: csrf.token(SECRET)}


def sent(form=GOOD, secret=SECRET, **headers):
    """Whether a form passes."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    with Flask("t").test_request_context(
        "/", method="POST", data=form, headers=named, base_url="http://site.example"
    ):
        csrf.require(request, secret)
    return True


def test_the_token_of_the_cookie_passes():
    assert sent()


@pytest.mark.parametrize(
    "form", [{}, {csrf.FIELD: ""}, {csrf.FIELD: csrf.token("another")}, {csrf.FIELD: "é"}]
)
def test_any_other_token_is_refused(form):
    with pytest.raises(ForgedError, match="too old"):
        sent(form)


def test_without_a_cookie_nothing_passes_not_even_the_token_of_no_cookie():
    with pytest.raises(ForgedError):
        sent({csrf.FIELD: csrf.token("")}, secret="")


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec_Fetch_Site": "same-origin"},
        {"Sec_Fetch_Site": "same-origin", "Origin": "null"},
        {"Sec_Fetch_Site": "none"},
        {"Origin": "http://site.example"},
        {"Origin": "https://site.example"},
        {"Origin": "null"},
    ],
)
def test_a_form_of_our_own_origin_passes(headers):
    assert sent(**headers)


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Sec_Fetch_Site": "cross-site", "Origin": "http://site.example"},
        {"Origin": "http://other.example"},
        {"Origin": "http://site.example:8080"},
        {"Origin": "http://site.example.other.example"},
    ],
)
def test_a_form_of_another_origin_is_refused_even_with_the_token(headers):
    with pytest.raises(ForgedError, match="another site"):
        sent(**headers)


def test_tokens_follow_from_the_cookie_alone_and_do_not_tell_it():
    assert csrf.token(SECRET) == csrf.token(SECRET) != csrf.token(csrf.new_secret())
    assert SECRET not in csrf.token(SECRET)
