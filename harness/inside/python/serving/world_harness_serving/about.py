"""The app's identity, as written at its build."""

import json
from pathlib import Path
from typing import Any

ABOUT: dict[str, Any] = json.loads(Path(__file__).with_name("about.json").read_bytes())
