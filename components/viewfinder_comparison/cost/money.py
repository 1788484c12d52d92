"""Amounts of money and loads as people read them."""


def write_money(amount: float, currency: str) -> str:
    """Return an amount with its currency: whole from 100 on, as in `1,500 USD`."""
    return f"{amount:,.0f} {currency}" if amount >= 99.5 else f"{amount:,.2f} {currency}"


def write_load(load: float) -> str:
    """Return queries per second with three digits, as in `12.9` or `0.00384`."""
    if load >= 100:
        return f"{load:,.0f}"
    return f"{load:.3g}"
