"""A certificate as a badge, in the endpoint format of shields.io."""

from __future__ import annotations

import msgspec

from harness.certification.certificate import Certificate
from reports.certificate.summary import conceal, state_verdict

_COLORS = {"✅": "brightgreen", "❌": "red", "❔": "lightgrey", "🟡": "yellow"}


def render_badge(certificate: Certificate) -> str:
    """Render the JSON that a badge is drawn from."""
    certificate = conceal(certificate)
    headline = state_verdict(certificate)
    line = f" ({certificate.header.line})" if certificate.world_verdict.certified else ""
    badge = {
        "schemaVersion": 1,
        "label": "world contract",
        "message": f"{headline.verdict}{line}",
        "color": _COLORS[headline.sign],
    }
    return msgspec.json.encode(badge).decode() + "\n"
