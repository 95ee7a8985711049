"""Keeps what a client was asked to do: one JSON line a call, and which of its public methods and options no call has used.

The methods and options come from the client itself by introspection, so one that a new version brings is missing here until a call uses it or
`leave_out` names it with a reason.
"""
import copy
import functools
import inspect
import json
import sys


async def settle(value):
    """The same scripts drive blocking and asynchronous clients."""
    return await value if inspect.isawaitable(value) else value


class CallLog:
    def __init__(self, client, shown=lambda answer: answer):
        self.client = client
        self.stage = ""  # printed with each call
        self.extra_options = {}  # added to each call that takes them and does not say them
        self._shown = shown
        self._package = None
        self._surface = {}  # "Class.method" -> names of its options
        self._used = {}  # "Class.method" -> {"right" | "refused"}
        self._used_options = set()
        self._left_out = {}
        self._pending = []

    def watch(self, cls, is_made_by_scripts=True):
        """From now on the public methods of the class are noted when a script calls them, not when the client calls itself."""
        self._package = cls.__module__.split(".")[0]
        if is_made_by_scripts:
            key = f"{cls.__name__}()"
            self._add(key, inspect.signature(cls.__init__))
            cls.__init__ = self._noted(key, cls.__init__)
        for name in dir(cls):
            member = inspect.getattr_static(cls, name)
            function = member.__func__ if isinstance(member, (staticmethod, classmethod)) else member
            if name.startswith("_") or not inspect.isfunction(function):
                continue
            key = f"{cls.__name__}.{name}"
            self._add(key, inspect.signature(function))
            noted = self._noted(key, function)
            setattr(cls, name, type(member)(noted) if function is not member else noted)

    def leave_out(self, name, reason):
        """`name` is `Class.method` or `Class.method:option`."""
        self._left_out[name] = reason

    async def check(self, call, action, holds):
        """The call answers, and the answer is the right one."""
        self._pending = []
        try:
            answer = await settle(action())
            self._report(call, "right" if await settle(holds(answer)) else "failed", answer)
        except Exception as error:  # noqa: BLE001 - the report is the point
            self._report(call, "failed", repr(error))

    async def refused(self, call, action, words):
        """The call fails, and what it says has all the words."""
        self._pending = []
        try:
            self._report(call, "failed", f"answered where a refusal is wanted: {await settle(action())}")
        except Exception as error:  # noqa: BLE001
            said = f"{type(error).__name__}: {error}"
            self._report(call, "refused" if all(word in said for word in words) else "failed", said)

    def finish(self):
        """Prints what each method came to; a method or option in no list is `missing`, and so is a reason for what does not exist."""
        for key, options in self._surface.items():
            outcomes = self._used.get(key, set())
            if not outcomes:
                self._absent(key)
                continue
            self._print(key, "called" if "right" in outcomes else "not supported", "")
            for option in options:
                if f"{key}:{option}" not in self._used_options:
                    self._absent(f"{key}:{option}")
        known = {*self._surface, *(f"{key}:{option}" for key, options in self._surface.items() for option in options)}
        for name in self._left_out:
            if name not in known:
                self._print(name, "missing", "it is left out, but the client has no such thing")

    def _absent(self, name):
        reason = self._left_out.get(name)
        self._print(name, "left out" if reason else "missing", reason or "no call uses it, and no reason is given")

    def _add(self, key, signature):
        self._surface[key] = [name for name in signature.parameters if name != "self"]

    def _noted(self, key, function):
        signature = inspect.signature(function)

        @functools.wraps(function)
        def call(*args, **kwargs):
            if sys._getframe(1).f_globals.get("__name__", "").startswith(self._package):
                return function(*args, **kwargs)
            said = signature.bind(*args, **kwargs).arguments
            # Copies, as a client may write into what it is given.
            more = {name: copy.copy(value) for name, value in self.extra_options.items() if name in signature.parameters and name not in said}
            self._pending += [(key, {*said, *more} - {"self"})]
            return function(*args, **kwargs, **more)

        return call

    def _report(self, call, outcome, answer):
        for key, options in self._pending:
            if outcome != "failed":
                self._used.setdefault(key, set()).add(outcome)
                self._used_options |= {f"{key}:{option}" for option in options}
        self._print(f"{call}{self.stage and f' ({self.stage})'}", outcome, self._shown(answer))

    def _print(self, call, outcome, answer):
        text = " ".join(str(answer).split())[:200]
        print(json.dumps({"client": self.client, "call": call, "outcome": outcome, "answer": text}), flush=True)
