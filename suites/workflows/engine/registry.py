"""The registry of the workflows: the SDK's name for what an app serves."""

from vercel.workflow import SandboxPolicy, Workflows

# A sandbox of its own for every replay would import all of this again each time.
registry = Workflows(sandbox_policy=SandboxPolicy(share_sandboxes=True))
