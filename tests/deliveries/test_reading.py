"""Answers of far servers: both forms read alike, hostile ones refused at once."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.deliveries import statuses
from routing.deliveries.open311 import read_receipt, read_status, read_updates
from routing.deliveries.reading import MOST_DEPTH, read_items, text, texts
from routing.deliveries.report import Receipt, UndeliveredError, read_w3c, w3c
from storage.statuses import STATUSES
from tests.fakes.open311 import BOMB
from tests.fakes.open311 import STATUSES as FAR_STATUSES

XML = b"""<?xml version="1.0" encoding="utf-8"?>
<service_request_updates>
  <request_update><update_id>7</update_id><service_request_id>12</service_request_id><status>closed</status>
    <updated_datetime>2026-11-21T12:00:00-03:00</updated_datetime><description>Listo &amp; limpio</description>
    <media_url>https://x.test/a.jpg</media_url><media_url>https://x.test/b.jpg</media_url></request_update>
</service_request_updates>"""
JSON = """[{"update_id": 7, "service_request_id": "12", "status": "closed", "description": "Listo & limpio",
  "updated_datetime": "2026-11-21T15:00:00Z", "media_url": ["https://x.test/a.jpg", "https://x.test/b.jpg"]}]"""
WRAPPED = f'{{"service_request_updates": {JSON}}}'
NESTED = f'{{"service_request_updates": [{{"request_update": {JSON[1:-1]}}}]}}'


@pytest.mark.parametrize("body", [XML, JSON.encode(), WRAPPED.encode(), NESTED.encode()])
def test_an_update_is_the_same_in_every_form(body: bytes) -> None:
    (update,) = read_updates(body)
    assert (update.update_id, update.remote_id, update.status) == ("7", "12", "closed")
    assert (update.words, update.at) == ("Listo & limpio", 1795273200.0)
    assert update.media == ("https://x.test/a.jpg", "https://x.test/b.jpg")


@pytest.mark.parametrize(
    "body",
    [
        b"<service_requests><request><service_request_id>001</service_request_id></request></service_requests>",
        b'[{"service_request_id": "001", "service_notice": null}]',
        b'[{"service_request_id":001,"account_id":null}]',
        b'\xef\xbb\xbf[{"service_request_id":"001"}]',
        b'{"service_request_id":"001"}',
    ],
)
def test_a_receipt_is_the_same_in_every_form(body: bytes) -> None:
    assert read_receipt(200, body) == Receipt("accepted", "001")


@pytest.mark.parametrize(
    "body",
    [
        b"<errors><error><code>404</code><description>service_code not found</description></error></errors>",
        b'[{"code": "404", "description": "service_code not found"}]',
        b'{"errors": {"code": 404, "description": "service_code not found"}}',
    ],
)
@pytest.mark.parametrize("status", [404, 200])
def test_an_error_is_told_whatever_its_form_and_number(body: bytes, status: int) -> None:
    with pytest.raises(UndeliveredError) as caught:
        read_receipt(status, body)
    assert "404 service_code not found" in caught.value.full
    assert "service_code" not in caught.value.line


HOSTILE = [
    BOMB.encode(),
    b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
    b'<!DOCTYPE a [<!ENTITY x SYSTEM "http://127.0.0.1/">]><a>&x;</a>',
    b"<a>" * (MOST_DEPTH + 1),
    b"<a><b/></a" * 10,
    b"<r>" + b"<a/>" * 50_001 + b"</r>",
    b"[" * 100_000,
    b"<?xml version='1.0' encoding='klingon'?><a/>",
    b"\x00\x01\x02",
    b"",
]


@pytest.mark.parametrize("body", HOSTILE)
def test_hostile_answers_are_refused_at_once(body: bytes) -> None:
    began = time.process_time()
    with pytest.raises(UndeliveredError):
        read_items(body, "request")
    assert time.process_time() - began < 2.0


@given(st.binary(max_size=300))
def test_whatever_a_server_answers_is_read_or_refused(body: bytes) -> None:
    for answer in (body, b"<a>" + body, b"[" + body + b"]"):
        try:
            read_updates(answer)
            read_status(answer, "1")
        except UndeliveredError:
            continue


def test_namespaces_and_lists_inside_are_read() -> None:
    inside = b"<x:media_url><x:url>a</x:url><x:url>b</x:url></x:media_url>"
    body = b'<x:list xmlns:x="urn:x"><x:request>' + inside + b"</x:request></x:list>"
    (item,) = read_items(body, "request")
    assert (texts(item, "media_url"), text(item, "media_url"), text(item, "absent")) == (["a", "b"], "a", "")


@given(st.integers(0, 2**33))
def test_a_time_is_written_as_it_is_read(at: int) -> None:
    assert read_w3c(w3c(at)) == at


@pytest.mark.parametrize("words", ["", "yesterday", "2026-13-45T00:00:00Z", "\x00"])
def test_what_is_no_time_is_none(words: str) -> None:
    assert read_w3c(words) is None


def test_every_status_of_ours_has_a_word_for_far_servers() -> None:
    for status in STATUSES:
        assert statuses.said(status, extended=True) in FAR_STATUSES, status
        assert statuses.said(status, extended=False) in ("OPEN", "CLOSED"), status


def test_every_far_status_means_one_of_ours_or_none() -> None:
    assert {statuses.heard(word, {}) for word in FAR_STATUSES} <= {"", *STATUSES}
    assert statuses.heard("Fixed - Council", {}) == "resolved"
