"""All that is asked of the SDK's internals; no other module of the app names them.

The SDK keeps the interface of Worlds, and the setter of the one in use, in modules of its own.
"""

from vercel.workflow._internal.world import set_world
from vercel.workflow._internal.worlds.local import LocalWorld, _encode_js

__all__ = ["LocalWorld", "encode_payload", "set_world"]

#: From what a message's model dumps to what JSON can carry, as the SDK's World does it.
encode_payload = _encode_js
