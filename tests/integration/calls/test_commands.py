"""`manage.py ensurenumber`, and the two loops that stop when told."""

import signal
import threading

import pytest
from django.core.management import call_command

from calls.management.commands import relaymedia
from calls.models import MediaWorker, PhoneNumber

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def environment(settings):
    settings.WHATSAPP_PHONE_NUMBER_ID = "7710"
    settings.WHATSAPP_ACCESS_TOKEN = "EAAone"
    settings.DEFAULT_ANSWER_POLICY = "ring"
    settings.DEFAULT_RING_SECONDS = 9
    settings.RECORD_CALLS = True
    return settings


def test_the_number_of_the_environment_exists_without_a_click(environment, capsys):
    call_command("ensurenumber")

    number = PhoneNumber.objects.get()
    assert (number.wa_phone_number_id, number.access_token) == ("7710", "EAAone")
    assert (number.answer_policy, number.ring_seconds, number.record_calls) == ("ring", 9, True)
    assert number.greeting == "greeting"
    assert "EAAone" not in capsys.readouterr().out


def test_a_second_start_renews_the_token_and_keeps_the_rest(environment):
    call_command("ensurenumber")
    PhoneNumber.objects.update(answer_policy="manual")
    environment.WHATSAPP_ACCESS_TOKEN = "EAAtwo"

    call_command("ensurenumber")

    number = PhoneNumber.objects.get()
    assert (number.access_token, number.answer_policy) == ("EAAtwo", "manual")


def test_without_an_id_there_is_nothing_to_create(environment):
    environment.WHATSAPP_PHONE_NUMBER_ID = ""

    call_command("ensurenumber")

    assert not PhoneNumber.objects.exists()


def test_the_relay_follows_until_told_to_stop(fake_media):
    stopping = threading.Event()
    turns = []

    def events(*_):
        turns.append(1)
        if len(turns) == 3:
            stopping.set()
        return type(fake_media).events(fake_media, "", 0, 0)

    fake_media.events = events

    relaymedia.follow("http://media.test", stopping)

    assert len(turns) == 3
    assert MediaWorker.objects.get().boot_id == "boot-1"


def test_the_sweeper_stops_on_sigterm(settings):
    settings.MEDIA_WORKER_URLS = ()
    before = signal.getsignal(signal.SIGTERM)
    timer = threading.Timer(0.05, signal.raise_signal, [signal.SIGTERM])
    timer.start()
    try:
        call_command("sweepcalls")
    finally:
        timer.cancel()
        signal.signal(signal.SIGTERM, before)
