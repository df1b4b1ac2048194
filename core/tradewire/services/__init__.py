"""What a user can do, one file per part: the API, the CLI and the pages call these and nothing below them.

Each class is given what it needs. Reads return views: structs as they are shown, with decimal numbers as
canonical text. Every change writes its ledger entry in the same transaction, then rings the bells.
"""
