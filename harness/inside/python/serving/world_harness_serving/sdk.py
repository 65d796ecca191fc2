"""All that is asked of the SDK's internals, by way of the one package that names them."""

from world_harness_sdk import interface, local

LocalWorld = local.LocalWorld
#: From what a message's model dumps to what JSON can carry, as the SDK's World does it.
encode_payload = local._encode_js
set_world = interface.set_world
