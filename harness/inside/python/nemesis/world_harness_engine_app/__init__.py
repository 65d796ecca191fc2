"""The part of an engine suite's app that does not depend on its framework."""
