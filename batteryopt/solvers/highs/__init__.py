"""HiGHS: linear, mixed-integer and convex quadratic programs."""
