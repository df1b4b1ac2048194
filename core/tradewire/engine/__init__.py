"""The engine: routes signals to lanes, admits and steps parent orders, and wakes what is due.

`routing`, `planning`, `admission` and `stepping` decide and are pure; `router` and `worker` are the shell
around them that reads, commits and hands over to the broker sessions.
"""
