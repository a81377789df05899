"""The part of the hierarchical model that a fit climbs and walks: all that needs torch.

A fit imports these modules when it is asked for. Nothing else does, so that whoever reads or
draws from a fit needs no torch. In the order of the model: `label_tables`, `near_misses`,
`components`, `company_likelihood`, `density`, then `mode`, `recentred` and `sampling`.
"""
