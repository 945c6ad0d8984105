"""Fairs: plan, call, booths, goods out and back, their days, their close and their report."""
