"""The accounting rules of Blotter, computed a second time: small, slow, and sharing no code with the program.

Quantities and money are Fractions. A partial close under average cost releases cost × closed / held, rounded half to even
at 18 decimals; everything else is exact.
"""

from fractions import Fraction


def rounded(value):
    """Half-even at 18 decimals, as Blotter's decimals are."""
    return Fraction(round(Fraction(value) * 10**18), 10**18)


class AveragePosition:
    """A position under average cost. `cost` is negative while it is short.

    How much cost a close releases is all that other methods change.
    """

    def __init__(self):
        self.quantity = self.cost = self.realized = self.cash = Fraction(0)

    def trade(self, signed_quantity, cash):
        """`signed_quantity` > 0 bought, < 0 sold; `cash` > 0 received. A base fee is already in the quantity."""
        quantity, cash = Fraction(signed_quantity), Fraction(cash)
        self.cash += cash
        if self.quantity * quantity < 0:
            closed = min(abs(quantity), abs(self.quantity))
            released = self.release(closed)
            received = cash if closed == abs(quantity) else rounded(cash * closed / abs(quantity))
            direction = 1 if quantity > 0 else -1
            self.realized += received - released
            self.cost -= released
            self.quantity += direction * closed
            quantity -= direction * closed
            cash -= received
        if quantity:
            self.open(quantity, -cash)
        self.quantity += quantity
        self.cost -= cash
        # What was paid and received is either realised or still in the cost: to the last digit.
        assert self.cash == self.realized - self.cost

    def release(self, closed):
        """The cost that leaves with `closed` units."""
        return self.cost if closed == abs(self.quantity) else rounded(self.cost * closed / abs(self.quantity))

    def open(self, signed_quantity, cost):
        """Units that come in; average cost need not tell them apart."""

    def buy(self, quantity, price):
        self.trade(quantity, -Fraction(quantity) * Fraction(price))

    def sell(self, quantity, price):
        self.trade(-Fraction(quantity), Fraction(quantity) * Fraction(price))

    def fill(self, side, quantity, price):
        (self.buy if side == "buy" else self.sell)(quantity, price)

    def market_value(self, mark):
        return rounded(self.quantity * Fraction(mark))

    def unrealized(self, mark):
        return self.market_value(mark) - self.cost


class LotPosition(AveragePosition):
    """A position, long or short, whose closes take lots: the first, the last, or the dearest (short: cheapest)."""

    def __init__(self, method):
        super().__init__()
        self.method, self.lots = method, []

    def open(self, signed_quantity, cost):
        self.lots.append([abs(signed_quantity), cost])

    def release(self, closed):
        released = Fraction(0)
        while closed:
            index = {"fifo": 0, "lifo": len(self.lots) - 1,
                     "hifo": max(range(len(self.lots)), key=lambda i: (self.lots[i][1] / self.lots[i][0], -i))}[self.method]
            quantity, cost = self.lots[index]
            taken = min(closed, quantity)
            part = cost if taken == quantity else rounded(cost * taken / quantity)
            self.lots[index] = [quantity - taken, cost - part]
            if taken == quantity:
                del self.lots[index]
            released += part
            closed -= taken
        return released


def position_under(method):
    return AveragePosition() if method == "average" else LotPosition(method)


class Lots:
    """Lot matching as a person does it on paper: FIFO, LIFO, HIFO, LOFO. Long positions only.

    A lot has a price it is ranked by and a cost; for most books they are the same per unit.
    """

    def __init__(self, method):
        self.method, self.lots = method, []

    def buy(self, quantity, cost, rank=None):
        self.lots.append({"left": quantity, "quantity": quantity, "cost": cost, "order": len(self.lots),
                          "rank": cost / quantity if rank is None else rank})

    def sell(self, quantity):
        """Takes `quantity` out and returns its cost and the (lot number, quantity) pairs taken."""
        key = {"fifo": lambda lot: lot["order"],
               "lifo": lambda lot: -lot["order"],
               "hifo": lambda lot: (-lot["rank"], lot["order"]),
               "lofo": lambda lot: (lot["rank"], lot["order"])}[self.method]
        cost, taken_from = Fraction(0), []
        for lot in sorted((lot for lot in self.lots if lot["left"]), key=key):
            if not quantity:
                break
            taken = min(quantity, lot["left"])
            lot["left"] -= taken
            quantity -= taken
            cost += lot["cost"] * taken / lot["quantity"]
            taken_from.append((lot["order"], taken))
        assert not quantity, "more sold than held"
        return cost, taken_from
