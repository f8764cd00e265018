"""Below `/webhooks/`."""

from django.urls import re_path

from webhooks import views

urlpatterns = [
    # With and without the slash: Meta does not follow a redirect.
    re_path(r"^whatsapp/?$", views.whatsapp, name="whatsapp"),
]
