"""The load generator: closed-loop and open-loop HTTP load, from a process of its own.

No library that can be installed with pip sends multipart and JSON bodies at times that were decided
beforehand: Locust's users wait for each answer before they ask again, so a server that stalls is
asked less, and its stall is counted once (coordinated omission). wrk2, vegeta and k6 do it, and are
programs in other languages. The generator therefore sends prepared bytes over asyncio with uvloop
and httptools, uvicorn's own loop and parser.
"""
