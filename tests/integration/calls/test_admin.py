"""Calls in the admin: the list, the page of a call, its buttons and its audio."""

import re
import threading
import uuid

import pytest
from django.contrib.auth.models import Permission, User
from django.contrib.messages import get_messages
from django.db import connection
from django.test import Client

from calls import operations
from calls.domain import events
from calls.domain.vocabulary import HangupCause
from calls.models import Call, MediaSession, Playback, Recording
from tests.factories import (
    ANA,
    T0,
    after,
    hung_up,
    make_call,
    make_number,
    make_worker,
    offered,
    receive,
)

pytestmark = pytest.mark.django_db

LIST = "/admin/calls/call/"
SDP = "v=0\r\na=ice-ufrag:4Zcd\r\na=ice-pwd:sEcReTpAsSwOrD\r\n"


def sign_in(*permissions, name="ana", **client):
    """A member of staff with these permissions and no others."""
    user = User.objects.create_user(name, is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    browser = Client(**client)
    browser.force_login(user)
    return browser


@pytest.fixture
def viewer():
    return sign_in("view_call", name="viewer")


@pytest.fixture
def operator():
    return sign_in("view_call", "change_call", "view_recording")


@pytest.fixture
def number():
    return make_number(answer_policy="manual", label="Sales")


@pytest.fixture
def ringing(number):
    return make_call(number)


def page_of(call):
    return f"{LIST}{call.pk}/change/"


def press(browser, call, wish):
    return browser.post(f"{LIST}{call.pk}/wish/{wish}/")


def told(response):
    return [str(message) for message in get_messages(response.wsgi_request)]


def apply(call, *happened):
    for seconds, event in enumerate(happened, start=1):
        operations.apply(call_id=call.pk, event=event, now=after(seconds))


def answered(call):
    apply(
        call,
        events.AnswerReady(sdp=SDP),
        events.PreAccepted(),
        events.MediaConnected(),
        events.AnswerRequested(by="policy"),
        events.Accepted(),
    )
    return call


class TestList:
    def peers(self, browser, query=""):
        html = browser.get(f"{LIST}{query}").content.decode()
        return re.findall(r'class="field-peer[^>]*>(?:<a[^>]*>)?([^<]+)<', html)

    @pytest.fixture
    def three(self, number):
        make_call(number, "wacid.ana", now=T0)
        ben = events.Peer(user_id="GB.77", username="ben.k")
        receive(number, offered("wacid.ben", peer=ben, occurred_at=after(1)), now=after(1))
        other = make_number(wa_phone_number_id="7720", answer_policy="reject")
        cleo = events.Peer(wa_id="4930901820", name="Cleo")
        receive(other, offered("wacid.cleo", peer=cleo, occurred_at=after(2)), now=after(2))

    def test_the_newest_comes_first(self, viewer, three):
        assert self.peers(viewer) == ["Cleo", "ben.k", "Ana Quill"]

    def test_a_row_says_it_all(self, viewer, ringing):
        answered(ringing)
        receive(ringing.phone_number, hung_up(started_at=after(5)), now=after(70))

        html = viewer.get(LIST).content.decode()

        assert 'class="call-status call-status-completed">completed<' in html
        cells = re.findall(r'<td class="field-([a-z_]+)[^>]*>([^<]*)<', html)
        assert ("number", "Sales") in cells
        assert ("direction", "inbound") in cells
        assert ("created", "2026-11-01 12:00:00") in cells
        assert ("answered", "12:00:05") in cells
        assert ("duration", "1 min 05 s") in cells
        assert ("cause", "hung up by the user") in cells

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("?status=ringing", ["ben.k", "Ana Quill"]),
            ("?status=ending", ["Cleo"]),
            ("?status=nonsense", ["Cleo", "ben.k", "Ana Quill"]),
            ("?cause=call_rejected", ["Cleo"]),
            ("?direction=inbound", ["Cleo", "ben.k", "Ana Quill"]),
            ("?direction=outbound", []),
            ("?number=999999999999999999999", ["Cleo", "ben.k", "Ana Quill"]),
            ("?q=%2B44+7700+900-123", ["Ana Quill"]),
            ("?q=quill", ["Ana Quill"]),
            ("?q=ben.k", ["ben.k"]),
            ("?q=GB.77", ["ben.k"]),
            ("?q=wacid.cleo", ["Cleo"]),
            ("?q=nobody", []),
        ],
    )
    def test_filters_and_search(self, viewer, three, query, expected):
        assert self.peers(viewer, query) == expected

    def test_the_calls_of_one_number(self, viewer, three, number):
        assert self.peers(viewer, f"?number={number.pk}") == ["ben.k", "Ana Quill"]

    def test_our_own_id_is_found(self, viewer, three):
        call = Call.objects.get(wa_call_id="wacid.ben")

        assert self.peers(viewer, f"?q={call.pk}") == ["ben.k"]

    @pytest.mark.parametrize("calls", [1, 15])
    def test_it_costs_as_many_queries_at_any_length(
        self, viewer, number, calls, django_assert_num_queries
    ):
        for i in range(calls):
            make_call(number, f"wacid.{i}", now=after(i))
        viewer.get(LIST)

        # session, user, permissions of user and groups, the filter's numbers, count, calls
        with django_assert_num_queries(7) as captured:
            viewer.get(LIST)

        for query in captured:
            assert "remote_sdp" not in query["sql"]
            assert "access_token" not in query["sql"]

    def test_nobody_changes_or_deletes_a_call(self, admin_client, ringing):
        before = Call.objects.values().get()

        assert admin_client.post(page_of(ringing), {"signaling": "ended"}).status_code == 405
        assert admin_client.post(f"{LIST}{ringing.pk}/delete/", {"post": "yes"}).status_code == 403
        assert Call.objects.values().get() == before


class TestPage:
    def html(self, browser, call):
        response = browser.get(page_of(call))
        assert response.status_code == 200
        return response.content.decode()

    @pytest.fixture
    def ended(self, ringing):
        worker = make_worker()
        MediaSession.objects.create(
            call=ringing,
            worker=worker,
            boot_id="boot-1",
            epoch=1,
            opened_at=T0,
            statistics={"packets_received": 2990, "round_trip_ms": None},
        )
        answered(ringing)
        Playback.objects.create(call=ringing, prompt="greeting", status="completed", created_at=T0)
        Recording.objects.create(
            call=ringing, status="completed", path="a.ogg", size_bytes=2048, created_at=T0
        )
        ringing.commands.filter(kind="accept").update(
            status="failed",
            attempts=2,
            claimed_at=after(4.1),
            finished_at=after(5.35),
            created_at=after(4),
            outcome={"http_status": 500, "code": 131000, "trace_id": "AbC"},
            error="Something went wrong",
        )
        receive(ringing.phone_number, hung_up(started_at=after(5)), now=after(70))
        return ringing

    def test_it_tells_who_when_and_why(self, viewer, ended):
        html = self.html(viewer, ended)

        for words in (
            "<title>Call with Ana Quill | Switchhook</title>",
            "Over: hung up by the user, after 1 min 05 s of talk.",
            "+447700900123",
            "+551155501234",
            str(ended.pk),
            "wacid.A",
            "2026-11-01 12:00:00 UTC",
        ):
            assert words in html

    def test_every_event_is_on_the_timeline_with_its_milliseconds(self, viewer, ended):
        html = self.html(viewer, ended)

        kinds = re.findall(r'<code class="quiet">([a-z_]+)</code>', html)
        assert kinds == list(ended.events.order_by("sequence").values_list("kind", flat=True))
        assert ">5\u202f000</td>" in html
        assert ">70\u202f000</td>" in html
        assert "The answer policy asked to answer" in html
        assert "answered · connected" in html

    def test_a_long_timeline_is_cut_and_says_so(self, viewer, ringing, monkeypatch):
        monkeypatch.setattr("calls.admin.call_page.SHOWN_EVENTS", 1)

        assert "Only the first 1 events are shown" in self.html(viewer, ringing)

    def test_commands_show_attempts_times_and_outcome(self, viewer, ended):
        html = self.html(viewer, ended)

        row = html[html.index("<code>accept</code>") :].split("</tr>")[0]
        cells = re.findall(r"<td[^>]*>(.*?)</td>", row)
        assert cells == [
            '<span class="command-failed">failed</span>',
            "2",
            "100",
            "1\u202f250",
            "HTTP 500, code 131000, trace AbC, Something went wrong",
        ]

    def test_audio_is_for_those_who_may_listen(self, viewer, operator, ended):
        recording = ended.recordings.get()
        address = f'src="{LIST}{ended.pk}/recordings/{recording.pk}/"'

        assert address in self.html(operator, ended)
        assert "<audio" not in self.html(viewer, ended)
        assert "Recorded; you may not listen." in self.html(viewer, ended)

    def test_statistics_of_the_media_worker(self, viewer, ended):
        html = self.html(viewer, ended)

        assert "<dt>packets_received</dt><dd>2990</dd>" in html
        assert "<dt>round_trip_ms</dt><dd>-</dd>" in html

    def test_sdp_is_folded_and_without_its_password(self, viewer, ended):
        html = self.html(viewer, ended)

        assert "a=ice-ufrag:4Zcd\r\na=ice-pwd:(hidden)" in html
        assert "sEcReT" not in html
        assert "token-of-7710" not in html
        assert not re.search(r"<details[^>]* open", html)

    def test_what_others_say_is_text_and_not_html(self, viewer, number):
        peer = events.Peer(name="<script>alert(1)</script>", username="<b>")
        call = receive(number, offered(peer=peer))
        apply(call, events.MediaFailed(cause=HangupCause.ICE_FAILED, message="<img src=x>"))

        html = self.html(viewer, call)

        assert "<script>alert" not in html
        assert "<img src=x" not in html
        assert "<b>" not in html

    def test_it_costs_as_many_queries_for_any_timeline(
        self, viewer, ended, django_assert_num_queries
    ):
        # session, user, permissions twice, call, events, commands, recordings, playbacks
        with django_assert_num_queries(10):
            self.html(viewer, ended)
        for digit in "0123456789":
            apply(ended, events.DigitReceived(digit=digit))
        with django_assert_num_queries(10):
            self.html(viewer, ended)

    @pytest.mark.parametrize("address", ["00000000-0000-4000-8000-000000000000", "7", "wacid.A"])
    def test_an_unknown_call_is_404(self, viewer, address):
        assert viewer.get(f"{LIST}{address}/change/").status_code == 404

    def test_strangers_see_nothing(self, ringing):
        assert Client().get(page_of(ringing)).status_code == 302
        assert sign_in("view_phonenumber").get(page_of(ringing)).status_code == 403

    def test_nothing_is_inline_so_that_a_strict_content_policy_holds(self, operator, ended):
        for html in (self.html(operator, ended), operator.get(LIST).content.decode()):
            assert not re.search(r"<script(?![^>]*\bsrc=)", html)
            assert not re.search(r"<style|\sstyle=|\son[a-z]+=\"", html)


class TestButtons:
    def shown(self, browser, call):
        html = browser.get(page_of(call)).content.decode()
        return re.findall(r"call-button-([a-z_]+)\"", html)

    def test_they_follow_the_state(self, operator, ringing):
        assert self.shown(operator, ringing) == ["answer", "reject"]
        answered(ringing)
        assert self.shown(operator, ringing) == ["hang_up"]
        receive(ringing.phone_number, hung_up(), now=after(70))
        assert self.shown(operator, ringing) == []

    def test_who_may_only_view_has_none_and_cannot_press_them(self, viewer, ringing):
        assert self.shown(viewer, ringing) == []
        for wish in ("answer", "reject", "hang_up"):
            assert press(viewer, ringing, wish).status_code == 403
        assert ringing.events.count() == 2

    @pytest.mark.parametrize(
        ("wish", "kind", "message"),
        [
            ("answer", "answer_requested", "Answering this call."),
            ("reject", "reject_requested", "Rejecting this call."),
            ("hang_up", "hangup_requested", "Hanging up."),
        ],
    )
    def test_they_go_through_the_door(self, operator, ringing, wish, kind, message):
        response = press(operator, ringing, wish)

        assert (response.status_code, response.url) == (302, page_of(ringing))
        assert told(response) == [message]
        event = ringing.events.order_by("-sequence").first()
        assert (event.kind, event.data["by"]) == (kind, "admin:ana")

    @pytest.mark.parametrize(
        ("wish", "first", "message"),
        [
            (
                "answer",
                lambda call: operations.answer(call_id=call.pk, by="admin:ben", now=after(1)),
                "Too late to answer. ben (admin) asked to answer. The call is ringing.",
            ),
            (
                "reject",
                answered,
                "Too late to reject. The answer policy asked to answer. The call is in progress.",
            ),
            (
                "hang_up",
                lambda call: receive(call.phone_number, hung_up(), now=after(3)),
                "Too late to hang up. WhatsApp says the call is over. The call is canceled.",
            ),
        ],
    )
    def test_who_is_too_late_is_told_what_came_first(self, operator, ringing, wish, first, message):
        first(ringing)
        before = ringing.events.count()

        response = press(operator, ringing, wish)

        assert (response.status_code, told(response)) == (302, [message])
        assert ringing.events.count() == before

    def test_only_a_post_presses_them(self, operator, ringing):
        assert operator.get(f"{LIST}{ringing.pk}/wish/answer/").status_code == 405
        assert ringing.events.count() == 2

    def test_an_unknown_button_or_call_is_404(self, operator, ringing):
        assert press(operator, ringing, "dance").status_code == 404
        assert press(operator, Call(pk=uuid.uuid4()), "answer").status_code == 404

    def test_another_site_cannot_press_them(self, ringing):
        browser = sign_in("view_call", "change_call", enforce_csrf_checks=True)

        assert press(browser, ringing, "answer").status_code == 403
        assert ringing.events.count() == 2

    def test_the_page_itself_can(self, ringing):
        browser = sign_in("view_call", "change_call", enforce_csrf_checks=True)
        html = browser.get(page_of(ringing)).content.decode()
        token, *_ = re.findall(r'csrfmiddlewaretoken" value="([^"]+)"', html)

        response = browser.post(f"{LIST}{ringing.pk}/wish/answer/", {"csrfmiddlewaretoken": token})

        assert response.status_code == 302
        assert ringing.events.filter(kind="answer_requested").exists()


class TestAudio:
    @pytest.fixture
    def recording(self, settings, tmp_path, ringing):
        settings.DATA_DIR = tmp_path
        (tmp_path / "recordings").mkdir()
        (tmp_path / "recordings" / "a.ogg").write_bytes(b"OggS" + bytes(96))
        return Recording.objects.create(
            call=ringing, status="completed", path="a.ogg", created_at=T0
        )

    def get(self, browser, recording, query="", call=None, **headers):
        call_id = call.pk if call else recording.call_id
        address = f"{LIST}{call_id}/recordings/{recording.pk}/{query}"
        return browser.get(address, headers=headers)

    def test_it_plays_and_seeks(self, operator, recording):
        whole = self.get(operator, recording)
        part = self.get(operator, recording, Range="bytes=4-")

        assert (whole.status_code, len(b"".join(whole))) == (200, 100)
        assert whole.headers["Content-Disposition"].startswith("inline")
        assert (part.status_code, len(b"".join(part))) == (206, 96)

    def test_it_downloads(self, operator, recording):
        response = self.get(operator, recording, "?download")

        assert response.headers["Content-Disposition"].startswith("attachment")

    def test_seeing_calls_is_not_hearing_them(self, viewer, recording):
        assert self.get(viewer, recording).status_code == 403
        assert self.get(Client(), recording).status_code == 302

    def test_a_recording_belongs_to_its_call(self, operator, recording, number):
        other = make_call(number, "wacid.B")

        assert self.get(operator, recording, call=other).status_code == 404

    def test_an_unfinished_or_lost_one_is_404(self, operator, recording):
        Recording.objects.update(path="gone.ogg")
        assert self.get(operator, recording).status_code == 404
        Recording.objects.update(status="recording")
        assert self.get(operator, recording).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_of_two_operators_at_once_one_answers_and_the_other_is_told():
    call = make_call(make_number(answer_policy="manual"))
    names = ["ana", "ben"]
    browsers = [sign_in("view_call", "change_call", name=name) for name in names]
    start = threading.Barrier(2)
    messages = []

    def answer(browser):
        browser.get("/admin/")  # connect first
        start.wait(timeout=5)
        messages.append(told(press(browser, call, "answer"))[0])
        connection.close()

    threads = [threading.Thread(target=answer, args=[browser]) for browser in browsers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=15)

    winner = call.events.get(kind="answer_requested").data["by"].removeprefix("admin:")
    assert sorted(messages) == [
        "Answering this call.",
        f"Too late to answer. {winner} (admin) asked to answer. The call is ringing.",
    ]


def test_the_peer_is_the_best_name_there_is(viewer, number):
    assert ANA.name in viewer.get(page_of(make_call(number))).content.decode()
