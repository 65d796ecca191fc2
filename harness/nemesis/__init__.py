"""The nemesis: seeded faults for deliveries, calls and processes, and the journal of it all."""

from pathlib import Path

from harness.descriptions import Language

_FOLDER = Path(__file__).parent

#: Language -> what an app that is harassed holds beside its framework's files.
APPS: dict[Language, Path] = {"typescript": _FOLDER / "app", "python": _FOLDER / "python"}

#: Names the folder of the journal in the app's environment.
NOTES = "WORLD_HARNESS_NOTES"
#: Names a defect between the World and its wrapper: `<path of a module>#<its export>`.
MUTANT = "WORLD_HARNESS_MUTANT"
