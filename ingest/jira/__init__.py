"""Reading Jira Cloud, Data Center and Service Management."""
