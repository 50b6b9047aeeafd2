"""Reading Jenkins: builds and the stages of builds that may deploy."""
