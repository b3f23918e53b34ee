"""Sweeps on a SLURM cluster: a thin layer on sbatch, squeue, scancel and scontrol, and no scheduler of our own.

``profile`` is what one knows of a cluster, ``submission`` what is frozen and handed over, ``script`` the sbatch script
made of slurm/array.sbatch, ``task`` what an array task does on its node, ``failures`` when it gives up, ``endings`` why
its step has ended, ``check`` what a node is tried for, ``handover`` how a submission reaches SLURM once, ``standing``
what is in the queue already, ``queue`` what SLURM says, and ``state`` that and the records together.
"""
