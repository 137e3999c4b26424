"""What calls cost, by litellm's price list, and the budget that they are held against: it fails closed."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Condition
from typing import Any

from digest_pipeline.errors import BudgetExceeded
from digest_pipeline.settings import Settings

# Their models run on a machine of the operator's: litellm's price of 0 is meant. Elsewhere it is a gap in its list.
LOCAL = ("ollama/", "ollama_chat/")
Spent = Callable[[], tuple[float, float]]  # US dollars of this run and of this calendar day


def at_most_tokens(text: str) -> int:
    """More tokens than a text is likely to have: running text has about one in four bytes, this counts one in two."""
    return len(text.encode()) // 2 + 50


class Prices:
    """US dollars of calls to the model that the settings name."""

    def __init__(self, litellm: Any, settings: Settings) -> None:
        self._litellm, self._settings = litellm, settings
        known = litellm.exceptions
        self._unknown = known.ModelNotMappedError, known.NotFoundError, known.BadRequestError  # the last: no provider

    def price(self, tokens_in: int, tokens_out: int, tokens_cached: int = 0, tokens_written: int = 0) -> float | None:
        """Dollars of a call; ``None`` where the price is unknown, or nobody counted the tokens. Of ``tokens_in``, the
        provider had ``tokens_cached`` in its prompt cache and wrote ``tokens_written`` to it.
        """
        if self._settings.llm_is_free:
            return 0.0
        try:
            costs = self._litellm.cost_per_token(
                model=self._settings.llm_model,
                prompt_tokens=tokens_in,
                completion_tokens=tokens_out,
                cache_read_input_tokens=tokens_cached,
                cache_creation_input_tokens=tokens_written,
            )
        except self._unknown:
            return None
        usd = float(sum(costs))
        return usd if usd > 0 or self._settings.llm_model.startswith(LOCAL) else None

    def batch_share(self) -> float:
        """Price of a token in the provider's batches over its price outside; 1.0 where that is unknown."""
        try:
            info = self._litellm.get_model_info(self._settings.llm_model)
        except self._unknown:
            return 1.0
        plain, batched = info.get("input_cost_per_token"), info.get("input_cost_per_token_batches")
        return float(batched / plain) if plain and batched else 1.0


class Budget:
    """Lets a call through when the most that it can cost fits in what is left of the run's and the day's budget.

    Calls under way count with the most that they can cost, so that calls side by side cannot overspend together. A call
    for which they leave no room waits until they have ended, since most cost far less: only what is spent refuses it.
    """

    def __init__(self, prices: Prices, settings: Settings, spent: Spent) -> None:
        self._prices, self._settings, self._spent = prices, settings, spent
        self._change = Condition()
        self._under_way: list[float] = []

    @contextmanager
    def hold(self, *prompts: str, share: float = 1.0) -> Iterator[float]:
        """Set aside the most that calls can cost, in dollars, until the block has made and booked them; ``share`` of
        the list price is charged.

        Raises:
            BudgetExceeded: it does not fit, or the price is unknown.
        """
        most = self.most(*prompts, share=share)
        with self._change:
            while not self._fits(most):
                self._change.wait()
            self._under_way.append(most)
        try:
            yield most
        finally:
            with self._change:
                self._under_way.remove(most)
                self._change.notify_all()

    def most(self, *prompts: str, share: float = 1.0) -> float:
        """The most dollars that calls can cost.

        Raises:
            BudgetExceeded: the price is unknown.
        """
        settings = self._settings
        most = 0.0
        for prompt in prompts:  # one by one: together they might be long enough for the price of a long context
            price = self._prices.price(at_most_tokens(prompt), settings.llm_max_output_tokens)
            if price is None:
                raise BudgetExceeded(
                    f"the price of {settings.llm_model} is unknown",
                    remedy="name it as litellm does, provider/model, or set DIGEST_LLM_IS_FREE=1 if it costs nothing",
                )
            most += price * share
        return most

    def room(self) -> float:
        """Dollars that are neither spent nor set aside."""
        settings = self._settings
        run, day = self._spent()
        left = min(settings.llm_budget_usd_per_run - run, settings.llm_budget_usd_per_day - day)
        with self._change:
            return left - sum(self._under_way)

    def _fits(self, most: float) -> bool:
        """Whether there is room now; raises where there will be none."""
        settings = self._settings
        run, day = self._spent()
        limits = {"run": (run, settings.llm_budget_usd_per_run), "day": (day, settings.llm_budget_usd_per_day)}
        for name, (spent, limit) in limits.items():
            if spent + most > limit:
                raise BudgetExceeded(
                    f"what is left of the {name}'s budget of {limit} USD is less than a call can cost",
                    remedy=f"raise llm_budget_usd_per_{name}",
                )
        return all(spent + sum(self._under_way) + most <= limit for spent, limit in limits.values())
