"""The registry of the workflows: the SDK's name for what an app serves."""

from vercel.workflow import SandboxPolicy, Workflows

# A separate sandbox for every replay would import all modules again each time.
registry = Workflows(sandbox_policy=SandboxPolicy(share_sandboxes=True))
