"""A small day of trading in the report format, made from a seed: orders, partial fills, cancels, fees, cash, marks."""

import random

START = 1_700_000_000_000_000_000  # nanoseconds, 2023-11-14T22:13:20Z


def sample(seed=1, orders=40, account="ACME", method="average"):
    """The lines, in order of time. The same seed gives the same lines."""
    chance = random.Random(seed)
    lines, at = [], START

    def add(type_, **fields):
        nonlocal at
        at += chance.randrange(1, 2_000_000_000)
        lines.append({"type": type_, "account": account, "at": at} | fields)

    add("account", base_currency="USD", broker="paper", method=method)
    for symbol, base in (("BTCUSD", "BTC"), ("ETHUSD", "ETH")):
        add("instrument", symbol=symbol, venue="SIM", asset_class="crypto", base=base, quote="USD")
    add("cash", id="deposit-1", asset="USD", amount="100000.00", kind="deposit")
    execution = 0
    for number in range(orders):
        symbol = chance.choice(("BTCUSD", "ETHUSD"))
        order = {"client_order_id": f"o-{number}", "symbol": symbol, "venue": "SIM", "side": chance.choice(("buy", "sell"))}
        lots, price = chance.randrange(1, 9), chance.randrange(90_00, 110_00)
        add("order", **order, quantity=f"{lots}.5", order_type="limit", limit_price=f"{price / 100:.2f}",
            strategy=chance.choice(("trend", "maker")))
        for _ in range(chance.randrange(0, lots + 1)):
            execution += 1
            add("fill", **order, exec_id=f"e-{execution}", quantity="1", price=f"{price / 100:.2f}",
                fee=f"0.0{chance.randrange(1, 9)}", fee_asset=chance.choice(("USD", "BNB")))
        if chance.random() < 0.5:
            add("order_status", client_order_id=order["client_order_id"], status="canceled")
        if chance.random() < 0.3:
            add("mark", symbol=symbol, venue="SIM", price=f"{price / 100:.2f}")
    return lines
