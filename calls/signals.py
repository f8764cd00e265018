"""The one signal of this project: a fact was written to a call's timeline."""

from django.dispatch import Signal

#: Sent after commit with `call_event=CallEvent`. Receivers must be quick; failures are isolated.
call_event_recorded = Signal()
