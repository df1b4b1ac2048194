"""Between the engine and the brokers: one session per account, what is sent, and what comes back.

`release` lets a stored child go out, `outcomes` stores what the broker answered, `reports` what it tells of
orders and executions; `session_host` runs one account's session, `desk` all of them on one loop.
"""
