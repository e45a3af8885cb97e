"""The protocol of a switch as a model that is explored exhaustively: what two executors, the API server, the network and other people can do
to one Service, one small step after another, in every order.

`worlds.py` has the shapes, `executing.py` the steps of an executor as `clusterview.traffic.engine` takes them, `happening.py` everything else
that may happen at any time, `invariants.py` the promises, `exploring.py` visits every state, `mutants.py` takes away one guard after another.
`retracing.py` says whether what was recorded of a real run is a run of the model.

There is no clock: a lease may end at any moment, a request may land at any later moment or never. Three things are merged because no order of
other events can tell them apart. A transaction and the request that follows it are one step, since a request that is never sent is one that
never lands. A landing and its answer are one step, since an executor that reads a late answer is one that goes on late. The renewal of a claim
and the reading after it are one step, since every reading is followed by a transaction that compares the claim.

Left out: a Service that is gone, which goes as one that was replaced; the order of a group, whose switches are on different Services.
"""
