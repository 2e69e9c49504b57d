"""Builds and runs an exported network on lava-nc.

Lava's compiler may import every module that lies beside a Process, so each module here only defines things.
"""
