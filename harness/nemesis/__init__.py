"""The nemesis: seeded faults for deliveries, calls and processes, and the journal of it all."""

#: Names the folder of the journal in the app's environment.
NOTES = "WORLD_HARNESS_NOTES"
#: Names a defect between the World and its wrapper: `<path of a module>#<its export>`.
MUTANT = "WORLD_HARNESS_MUTANT"
