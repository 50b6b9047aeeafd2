"""What people enter: notes of deliberate changes, decisions of retrospectives; kept in the workspace's SQLite file."""
