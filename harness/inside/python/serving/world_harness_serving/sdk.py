"""All uses of the SDK's internals, through the one package that names them."""

from world_harness_sdk import interface, local

LocalWorld = local.LocalWorld
#: From what a message's model dumps to what JSON can carry, as the SDK's World does it.
encode_payload = local._encode_js
set_world = interface.set_world
