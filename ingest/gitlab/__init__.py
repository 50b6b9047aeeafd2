"""Reading GitLab: merge requests, deployments, pipelines, issues and what hangs on them."""
