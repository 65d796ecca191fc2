from django.conf import settings
from django.core.asgi import get_asgi_application

settings.configure(
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF="urls",
    DATA_UPLOAD_MAX_MEMORY_SIZE=16 * 1024 * 1024,
)

app = get_asgi_application()
