"""The nemesis: seeded faults for deliveries, calls and processes, and the app's journal."""

#: The environment variable with the folder of the app's journal.
NOTES = "WORLD_HARNESS_NOTES"
#: The environment variable with a defect to put between the World and its wrapper:
#: `<path of a module>#<its export>`.
MUTANT = "WORLD_HARNESS_MUTANT"
