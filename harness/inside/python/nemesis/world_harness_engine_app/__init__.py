"""What an app of the engine suites holds beside its framework's few files."""
