"""What training costs: every network of a sweep alone on the device, in rounds, apart from any run.

``rounds`` hands each measurement to a process of its own, ``steps`` is what happens there, ``machine`` reads the
process and its surroundings, ``table`` keeps the results. ``packing`` measures several workers side by side.
"""
