"""The fault proxy: it stands between the product and an outside world on 127.0.0.1, and makes on the wire what networks and servers do at worst.

`proxy.Proxy` carries plain TCP (Redis, PostgreSQL, the browser's side) with the faults of `tcp`; `api.ApiProxy` stands before the lab's API
server, and takes those of `requests` and `watches` too. A fault holds from `add` to `remove`, also for what is open already. Whom it strikes
is drawn from the seed and who that is alone: the connection's number, or for HTTP the method, the path without its query, and how many such
requests came before. So the same ones meet the same faults again, whatever runs beside them and whatever resourceVersion they ask from.
"""
