"""Ipopt through cyipopt: smooth models, a local answer."""

from __future__ import annotations

from typing import Any

from batteryopt.solvers.compile.nonlinear import NonlinearProgram
from batteryopt.solvers.contract.adapter import Options
from batteryopt.solvers.contract.attempts import Attempt, Start
from batteryopt.solvers.contract.watched import Watched
from batteryopt.solvers.interior_point.ipopt_like import InteriorPointAdapter
from batteryopt.solvers.interior_point.multipliers import Multipliers


class IpoptAdapter(InteriorPointAdapter):
    """Ipopt with MUMPS, as the ``cyipopt-wheels`` package brings it. It has no threads: that option changes nothing."""

    name = "ipopt"

    def is_available(self) -> bool:
        """Whether cyipopt can be imported."""
        try:
            import cyipopt  # noqa: F401
        except ModuleNotFoundError:
            return False
        return True

    def version(self) -> str:
        """Return the version of Ipopt, not of cyipopt."""
        import cyipopt

        return ".".join(str(part) for part in cyipopt.IPOPT_VERSION)

    def run(
        self,
        program: NonlinearProgram,
        callbacks: Watched,
        start: Start,
        options: Options,
        settings: dict[str, Any],
    ) -> Attempt:
        """Run Ipopt once."""
        import cyipopt

        safe = {"check_derivatives_for_naninf": "yes", **settings}  # a NaN in a matrix ends the process inside MUMPS
        return run_problem(cyipopt.Problem, program, callbacks, start, native_options(options, start, safe))


def native_options(options: Options, start: Start, settings: dict[str, Any]) -> dict[str, Any]:
    """Return Ipopt's own names and values of what the caller asked for."""
    asked: dict[str, Any] = {
        "print_level": 5 if options.log else 0,
        "sb": "yes",
        "max_wall_time": options.time_limit,
        "tol": options.optimality_tolerance,
        "constr_viol_tol": options.feasibility_tolerance,
        "dual_inf_tol": options.optimality_tolerance,
        "compl_inf_tol": _tighter(options.optimality_tolerance, settings.get("compl_inf_tol")),
        "max_iter": options.iteration_limit,
    }
    if start.multipliers is not None:
        pushes = ("bound_push", "bound_frac", "slack_bound_push", "slack_bound_frac", "mult_bound_push")
        asked.update({f"warm_start_{push}": 1e-9 for push in pushes})
        asked.update({"warm_start_init_point": "yes", "mu_init": 1e-6})
    elif options.warm_start:
        asked.update({"bound_push": 1e-8, "bound_frac": 1e-8, "mu_init": 1e-4})
    return {name: value for name, value in {**settings, **asked, **options.extra}.items() if value is not None}


def _tighter(asked: float | None, needed: float | None) -> float | None:
    """Return the smaller of two tolerances: an attempt may need a tighter one than was asked for."""
    given = [value for value in (asked, needed) if value is not None]
    return min(given, default=None)


def run_problem(
    problem_class: Any,
    program: NonlinearProgram,
    callbacks: Watched,
    start: Start,
    settings: dict[str, Any],
) -> Attempt:
    """Run a class with cyipopt's interface and return its answer."""
    problem = problem_class(
        n=len(program.lower),
        m=len(program.row_lower),
        problem_obj=callbacks,
        lb=program.lower,
        ub=program.upper,
        cl=program.row_lower,
        cu=program.row_upper,
    )
    for name, value in settings.items():
        try:
            problem.add_option(name, value)
        except TypeError as error:
            raise ValueError(
                f"the solver does not take the option {name} = {value!r}; see its list of options"
            ) from error
    seeds = {}
    if start.multipliers is not None:
        seeds = {"lagrange": start.multipliers.rows, "zl": start.multipliers.lower, "zu": start.multipliers.upper}
    x, info = problem.solve(start.x, **seeds)
    message = info["status_msg"]
    return Attempt(
        status=int(info["status"]),
        x=x,
        multipliers=Multipliers(rows=info["mult_g"], lower=info["mult_x_L"], upper=info["mult_x_U"]),
        message=message.decode() if isinstance(message, bytes) else str(message),
    )
