"""What calls cost, by litellm's price list, and the budget that they are held against: it fails closed."""

from typing import Any

from digest_pipeline.errors import BudgetExceeded
from digest_pipeline.llm.books import Spent
from digest_pipeline.settings import Settings

# Their models run on a machine of the operator's: litellm's price of 0 is meant. Elsewhere it is a gap in its list.
LOCAL = ("ollama/", "ollama_chat/")


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
    """Whether the most that a call can cost fits in what is left of the run's and the day's budget.

    Calls under way count with the most that they can cost, so that calls side by side cannot overspend together. A call
    for which they leave no room waits until they have ended, since most cost far less: only what is spent refuses it.
    """

    def __init__(self, prices: Prices, settings: Settings) -> None:
        self._prices, self._settings = prices, settings

    def most(self, *prompts: str, share: float = 1.0) -> float:
        """The most dollars that calls can cost, at ``share`` of the list price.

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

    def room(self, spent: Spent) -> float:
        """Dollars that are neither spent nor set aside for calls under way."""
        return min(limit - used for _, limit, used in self._limits(spent)) - spent.under_way

    def has_room(self, most: float, spent: Spent) -> bool:
        """Whether calls that can cost ``most`` dollars may be made beside those under way."""
        return not most or all(used + spent.under_way + most <= limit for _, limit, used in self._limits(spent))

    def check(self, most: float, spent: Spent) -> None:
        """Refuse calls for which there will be no room either when those under way have ended, were they for nothing.

        Raises:
            BudgetExceeded: what is spent leaves no room.
        """
        for name, limit, used in self._limits(spent):
            if most and used + most > limit:
                raise BudgetExceeded(
                    f"what is left of the {name}'s budget of {limit} USD is less than a call can cost",
                    remedy=f"raise llm_budget_usd_per_{name}",
                )

    def _limits(self, spent: Spent) -> tuple[tuple[str, float, float], ...]:
        """(name, limit, what is used of it) of each budget."""
        settings = self._settings
        return ("run", settings.llm_budget_usd_per_run, spent.run), ("day", settings.llm_budget_usd_per_day, spent.day)
