"""ACTIVE, REDUCING or HALTED, in three scopes."""

from tradewire import (
    GuardedOrder,
    Guardian,
    GuardView,
    Purpose,
    Scope,
    Switch,
    SwitchState,
    Verdict,
    allow,
    block,
    iso,
    not_applicable,
)

_SEVERITY = (SwitchState.ACTIVE, SwitchState.REDUCING, SwitchState.HALTED)


class KillSwitch(Guardian):
    """HALTED blocks every order, REDUCING every entry. A switch that is not known is not active."""

    name = "kill_switch"
    scopes = frozenset(Scope)
    always = frozenset(Scope)
    live = True

    def guard(self, order: GuardedOrder, view: GuardView) -> Verdict:
        if order.purpose is Purpose.CANCEL:
            return not_applicable("cancel", "A cancel always passes the kill switch.")
        scope_id = {Scope.GLOBAL: "", Scope.ACCOUNT: order.account_id, Scope.ALGORITHM: view.algorithm.id}
        found = [
            switch
            for switch in view.switches
            if switch.scope is view.scope and switch.scope_id == scope_id[view.scope]
        ]
        if not found:
            return block(
                "switch_unknown",
                f"The state of the {view.scope} kill switch is not known, and unknown is not active.",
                value="unknown",
                limit=SwitchState.ACTIVE.value,
            )
        switch = max(found, key=lambda one: _SEVERITY.index(one.state))
        if switch.state is SwitchState.ACTIVE:
            return allow(
                "active", f"The {view.scope} kill switch is not set: orders pass.", value=switch.state.value
            )
        if switch.state is SwitchState.REDUCING and order.purpose is Purpose.EXIT:
            return allow(
                "reducing_exit",
                f"{_described(switch)}; this order is an exit, and exits pass.",
                value=switch.state.value,
                limit=SwitchState.REDUCING.value,
            )
        passes = "only exits pass" if switch.state is SwitchState.REDUCING else "nothing but cancels passes"
        return block(
            switch.state.value,
            f"{_described(switch)}; {passes} until it is released with `{_release(view)}`.",
            value=switch.state.value,
            limit=SwitchState.ACTIVE.value,
        )


def _release(view: GuardView) -> str:
    target = {
        Scope.GLOBAL: "",
        Scope.ACCOUNT: " --account NAME",
        Scope.ALGORITHM: f" --algorithm {view.algorithm.name}",
    }[view.scope]
    return f'tradewire resume{target} --reason "…"'


def _described(switch: Switch) -> str:
    by = f" by {switch.by}" if switch.by else ""
    since = f" at {iso(switch.changed_at)}" if switch.changed_at else ""
    why = f" ({switch.reason})" if switch.reason else ""
    return f"The {switch.scope} kill switch was set to {switch.state}{by}{since}{why}"
