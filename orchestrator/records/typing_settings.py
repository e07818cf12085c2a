"""Settings for the type checker's Django plugin alone; the program configures Django in bootstrap."""

INSTALLED_APPS = ["orchestrator.records"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "records.Account"
