"""The chart's script, served from the installed package so that no browser asks the network for it."""

import hashlib
from functools import cache
from importlib.resources import files

from fastapi import Request
from starlette.responses import Response

__all__ = ["chart_script"]


@cache
def _script() -> tuple[bytes, str]:
    path = files("lwcharts") / "vendor" / "lightweight-charts.standalone.production.js"
    content = path.read_bytes()
    return content, f'"{hashlib.sha256(content).hexdigest()}"'


async def chart_script(request: Request) -> Response:
    """Give the script once; a browser that has it is told so in a few bytes."""
    content, tag = _script()
    headers = {"ETag": tag, "Cache-Control": "public, no-cache"}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type="text/javascript; charset=utf-8", headers=headers)
