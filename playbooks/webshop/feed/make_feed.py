#!/usr/bin/env python3
"""Writes eight_weeks.jsonl: eight invented weeks in the life of an online shop in three countries.

    python3 playbooks/webshop/feed/make_feed.py            # rewrites the file beside this script
    python3 playbooks/webshop/feed/make_feed.py --check    # exit 1 if the committed file differs

About 1,500 lines from Monday 2026-10-12 to Sunday 2026-12-06, in the order in which they arrive. The clocks go back
on 2026-10-25, Poland is closed on 11 November, and Friday 27 November is the busiest day of the year. Customers,
addresses and sentences are invented. The seed is fixed and only `random.random()` is used, so the bytes never change.

Two layers: a plain background (orders with their parcels, returns, reviews, answers, readings) and a handful of
stories that make each shipped rule fire, and each guard say no, at least once. The stories use the customers C1 to
C40, which the background leaves alone.
"""

import json
import random
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

sys.dont_write_bytecode = True  # no __pycache__ beside the playbooks

from verbatims import DANGER, LEFT_OUT, NOT_RECEIVED, ORDINARY, REVIEW_BAD, REVIEW_GOOD

OUT = Path(__file__).with_name("eight_weeks.jsonl")
START = datetime(2026, 10, 12)
END = datetime(2026, 12, 7)
WEEKS = 8
AUTUMN = datetime(2026, 10, 25, 1, tzinfo=timezone.utc)  # the clocks of all three zones go back at this instant

# market: (zone, hours east of UTC in winter, its carrier, languages of its customers, currency)
MARKETS = {
    "IE": ("Europe/Dublin", 0, "K3", "en en en pl", "EUR"),
    "PL": ("Europe/Warsaw", 1, "K1", "pl pl pl ru", "PLN"),
    "LT": ("Europe/Vilnius", 2, "K2", "lt lt ru lt en", "EUR"),
}
# product: (name, category, partner, price in EUR); products without a partner are the shop's own
PRODUCTS = {
    "A1": ("Trail shoe Dunes", "SHOES", "V1", 64), "A2": ("City shoe Amber", "SHOES", "V1", 72),
    "A3": ("Winter boot Curonia", "SHOES", "V1", 95), "A4": ("Coffee pot Vistula", "HOME", "V4", 29),
    "A5": ("Kettle Bora", "HOME", "V4", 38), "A6": ("Lamp Tatra", "HOME", "V4", 55),
    "A7": ("Linen bed set Nida", "HOME", "V2", 120), "A8": ("Linen throw Migla", "HOME", "V2", 48),
    "A9": ("Wooden train Liffey", "TOYS", "V3", 33), "A10": ("Puzzle Seven Bridges", "TOYS", "V3", 18),
}
MODULES = {"sensory": "unboxing", "emotional": "delivery", "intellectual": "product_page", "behavioural": "returns",
           "relational": "loyalty_club"}
PREFIXES = {"order_placed": "o", "delivery_due": "e", "order_delivered": "d", "parcel_scanned": "p",
            "customer_message": "m", "return_received": "r", "refund_paid": "f", "product_review": "w",
            "unboxing_answer": "u", "experience_answer": "x", "checkout_reading": "k", "chat_reading": "h",
            "cart_error": "b", "promotion_missed": "n"}
HOLIDAYS = {datetime(2026, 11, 1), datetime(2026, 11, 11)}

dice = random.Random(20261012)


def pick(items):
    return items[int(dice.random() * len(items))]


def chance(share):
    return dice.random() < share


def local(market, moment):
    """The market's wall clock as an instant with its offset."""
    east = MARKETS[market][1]
    winter = moment.replace(tzinfo=timezone(timedelta(hours=east)))
    return winter if winter >= AUTUMN else moment.replace(tzinfo=timezone(timedelta(hours=east + 1)))


def day(week, weekday, hour=0, minute=0):
    """A wall-clock moment: week 1 to 8, Monday 0 to Sunday 6."""
    return START + timedelta(days=7 * (week - 1) + weekday, hours=hour, minutes=minute)


def some_time(week, weekday=None):
    """Some moment in which people shop: any day, mostly in the evening."""
    weekday = int(dice.random() * 7) if weekday is None else weekday
    return day(week, weekday, pick([8, 10, 12, 13, 16, 18, 19, 20, 21]), int(dice.random() * 60))


def working_day(moment, days):
    """Midnight of the day that many days on which carriers drive later, Monday to Saturday."""
    date = moment.replace(hour=0, minute=0)
    while days:
        date += timedelta(days=1)
        days -= date.weekday() < 6 and date not in HOLIDAYS
    return date


class Feed:
    def __init__(self):
        self.lines = []  # (arrival instant, order of writing, object)
        self.counts = {}
        self.customers = {}
        self.orders = 0

    def put(self, arrival, line):
        if arrival < END.replace(tzinfo=timezone(timedelta(hours=1))):
            self.lines.append((arrival, len(self.lines), line))

    def signal(self, kind, market, moment, arrives=None, /, **fields):
        """Adds a signal; `arrives` is how long after it happened it comes in."""
        number = self.counts[kind] = self.counts.get(kind, 0) + 1
        at = local(market, moment)
        line = {"id": f"{PREFIXES[kind]}-{number:04}", "signal": kind, "at": at.isoformat()}
        line.update((name, value) for name, value in fields.items() if value is not None)
        self.put(at + (arrives or timedelta()), line)
        return line

    def of(self, kind, customer, moment, arrives=None, **fields):
        """A signal about a customer, in the customer's market."""
        market = self.customers[customer]["market"]
        about = {"customer": customer}
        if kind != "product_review":
            about["market"] = market
        return self.signal(kind, market, moment, arrives, **about, **fields)

    def facts(self, thing, id, moment, market="PL", **facts):
        at = local(market, moment)
        self.put(at, {"thing": thing, "id": id, "at": at.isoformat(), "facts": facts})

    def action(self, action, market, moment, by, rule, key, **more):
        at = local(market, moment)
        self.put(at, {"action": action, "at": at.isoformat(), "by": by, "rule": rule, "key": key, **more})

    def again(self, line, after):
        """The sender's retry: the same line once more."""
        self.put(datetime.fromisoformat(line["at"]) + after, dict(line))

    def customer(self, id, market, tier, language, newsletter=True, **more):
        self.customers[id] = {"market": market, "language": language, "tier": tier}
        self.facts("customer", id, START + timedelta(hours=3), tier=tier, language=language, newsletter=newsletter,
                   email=f"{id.lower()}@example.test", time_zone=MARKETS[market][0], **more)

    def order(self, customer, placed, late=0, told=False, lost_after=None, first=False, back=None, nightly=False):
        """An order with its parcel, from the basket to the door.

        `late` is by how many working days the promise is missed, `told` whether the customer was told before,
        `lost_after` the last scan of a parcel that is never seen again, `back` a return as (product, reason, days
        until the money is back or None), `nightly` a carrier that sends its scans with the night's export.
        """
        self.orders += 1
        id, parcel = f"W{5000 + self.orders}", f"P{8000 + self.orders}"
        market = self.customers[customer]["market"]
        carrier = MARKETS[market][2]
        euros = pick([18, 29, 33, 48, 64, 72, 95, 120])
        amount = f"{euros * 4}.00 PLN" if MARKETS[market][4] == "PLN" else f"{euros}.00 EUR"
        self.of("order_placed", customer, placed, order=id, amount=amount, channel=pick(["web", "web", "app"]))
        due = working_day(placed, 2)
        arrives = working_day(placed, 2 + late) + timedelta(hours=pick([10, 12, 14, 16]), minutes=int(dice.random() * 60))
        out = arrives.replace(hour=7, minute=10)
        scans = [("handed_over", placed.replace(hour=9, minute=30) + timedelta(days=1)), ("in_transit", out - timedelta(hours=11)),
                 ("out_for_delivery", out), ("delivered", arrives)]
        for state, moment in scans:
            if state == "in_transit" and moment <= scans[0][1]:
                continue
            night = moment.replace(hour=2, minute=0) + timedelta(days=1) - moment
            about = {"order": id, "carrier": carrier, "parcel": parcel, "state": state}
            self.of("parcel_scanned", customer, moment, night if nightly and state != "delivered" else None, **about)
            if state == lost_after:
                break
        self.of("delivery_due", customer, due.replace(hour=6), order=id, carrier=carrier, promised_on=str(due.date()))
        if told:
            self.facts("order", id, due.replace(hour=9), market, delay_told=True)
        if lost_after is None:
            self.of("order_delivered", customer, arrives + timedelta(minutes=1), order=id, carrier=carrier, first_order=first)
        if back:
            product, reason, paid = back
            received = working_day(arrives, 6).replace(hour=11, minute=int(dice.random() * 60))
            self.of("return_received", customer, received, order=id, product=product, reason=reason)
            if paid is not None:
                self.of("refund_paid", customer, working_day(received, paid).replace(hour=15), order=id, amount=amount)
        return id, parcel


def say(feed, customer, moment, texts, touchpoint, channel="email"):
    """A message in the customer's language."""
    comment = pick(texts[feed.customers[customer]["language"]])
    return feed.of("customer_message", customer, moment, comment=comment, channel=channel, touchpoint=touchpoint)


def review(feed, customer, moment, product, stars, comment=None):
    partner = PRODUCTS[product][2]
    return feed.of("product_review", customer, moment, product=product, partner=partner, stars=stars, comment=comment)


# ---------------------------------------------------------------- the background


def products(feed):
    for id, (name, category, _, _) in PRODUCTS.items():
        feed.facts("product", id, START + timedelta(hours=2), name=name, category=category)


def customers(feed):
    number = 100
    for market, count in (("IE", 24), ("PL", 40), ("LT", 32)):
        spoken = MARKETS[market][3].split()
        for place in range(count):
            number += 1
            tier = "club" if place % 5 == 0 else "plus" if place % 3 == 1 else "basic"
            feed.customer(f"C{number}", market, tier, spoken[place % len(spoken)], newsletter=place % 4 != 3)


def background(feed):
    return [id for id in feed.customers if int(id[1:]) > 100]


def orders(feed):
    """Nine orders a week, twenty in the week of the sale; now and then one is late, and some come back."""
    for week in range(1, WEEKS + 1):
        for _ in range(20 if week == 7 else 9):
            customer = pick(background(feed))
            late = 1 if chance(0.12 if week >= 7 else 0.04) else 0
            back = None
            if chance(0.14):
                back = (pick(["A1", "A4", "A6", "A7", "A9"]), pick(["size", "quality", "changed_mind", "damaged"]), pick([1, 2, 3, 4]))
            nightly = feed.customers[customer]["market"] == "LT"
            feed.order(customer, some_time(week), late=late, told=late and chance(0.5), back=back, nightly=nightly)


def reviews(feed):
    """V4 is on notice when the feed begins; V2 gets worse from the fourth week on, after changing its weaver."""
    for week in range(1, WEEKS + 1):
        for product, (_, _, partner, _) in PRODUCTS.items():
            for _ in range(2 if partner in ("V2", "V4") else 1):
                poor = 0.55 if partner == "V2" and week >= 4 or partner == "V4" and week <= 3 else 0.07
                customer = pick(background(feed))
                language = feed.customers[customer]["language"]
                stars, texts = (pick([1, 2]), REVIEW_BAD) if chance(poor) else (pick([4, 5, 5, 3]), REVIEW_GOOD)
                comment = pick(texts[language]) if stars != 3 and chance(0.5) else None
                review(feed, customer, some_time(week), product, stars, comment)


def answers(feed):
    """The club loses its evenings in the fifth week, and belonging loses points with them."""
    for week in range(1, WEEKS + 1):
        for module, touchpoint in MODULES.items():
            for _ in range(7 if module in ("relational", "sensory") else 2):
                weak = module == "relational" and week >= 5
                score = pick([6, 7, 8, 5] if weak else [9, 10, 8, 9, 8])
                feed.of("experience_answer", pick(background(feed)), some_time(week), touchpoint=touchpoint, module=module,
                        score=score)
        for product in ("A8", "A9"):
            for _ in range(3):
                expected, found = (pick([5, 5, 4]), pick([3, 3, 2])) if product == "A8" else (pick([4, 5]), pick([4, 5, 5]))
                feed.of("unboxing_answer", pick(background(feed)), some_time(week), product=product, expected=expected,
                        found=found)


def messages(feed):
    for week in range(1, WEEKS + 1):
        for _ in range(5):
            say(feed, pick(background(feed)), some_time(week), ORDINARY, pick(["product_page", "checkout", "returns"]),
                pick(["chat", "email"]))


def readings(feed):
    """A few quiet readings a week; the chat and the payments of the busiest Friday are among the stories."""
    for week in range(1, WEEKS + 1):
        for market in MARKETS:
            evening = some_time(week).replace(hour=20, minute=0)
            for place in range(2):
                feed.signal("checkout_reading", market, evening + timedelta(minutes=5 * place), market=market,
                            failed=pick([0, 1, 1.5, 2, 3]))
                feed.signal("chat_reading", market, evening + timedelta(minutes=5 * place + 1), market=market,
                            wait=pick([0.5, 1, 1.5, 2, 2.5]))


# ---------------------------------------------------------------- the stories


def promise_stories(feed):
    care = "care@example.test"
    # C1: two late orders of one day are one mail; the second is still not there a day later, and that makes two promises.
    feed.customer("C1", "PL", "club", "pl")
    feed.order("C1", day(2, 0, 10), late=1)
    feed.order("C1", day(2, 0, 11), late=2)
    feed.action("acknowledge", "PL", day(2, 4, 9), care, "promise_and_parcel/second_broken_promise", {"customer": "C1"})
    # C2: late, and told so on the morning of the promised day: no second letter.
    feed.customer("C2", "LT", "basic", "lt")
    feed.order("C2", day(2, 1, 12), late=2, told=True)
    # C3: delivered at half past five, known at two in the night: the apology was too early, and stays.
    feed.customer("C3", "LT", "plus", "ru")
    feed.of("delivery_due", "C3", day(3, 2, 6), order="W4003", carrier="K2", promised_on="2026-10-28")
    feed.of("order_delivered", "C3", day(3, 2, 17, 30), timedelta(hours=8, minutes=30), order="W4003", carrier="K2", first_order=False)
    # C4: the parcel stands still, the carrier finds it, and the ladder stops.
    feed.customer("C4", "PL", "basic", "pl")
    order, parcel = feed.order("C4", day(3, 0, 19), lost_after="handed_over")
    feed.action("acknowledge", "PL", day(3, 4, 15), "desk.bociek@example.test", "promise_and_parcel/parcel_stands_still", {"parcel": parcel})
    # C5: nobody finds it; the care lead sends the order once more and closes the case.
    feed.customer("C5", "LT", "plus", "lt")
    order, parcel = feed.order("C5", day(4, 1, 20), lost_after="out_for_delivery")
    feed.action("close", "LT", day(5, 4, 15), "care.lt@example.test", "promise_and_parcel/parcel_stands_still", {"parcel": parcel}, outcome="sent once more")
    # C6: the same in Ireland, while the couriers are on strike: the first page of the shop says so.
    feed.customer("C6", "IE", "basic", "en")
    feed.facts("carrier", "K3", day(6, 2, 6), "IE", strike=True)
    feed.facts("carrier", "K3", day(7, 1, 6), "IE", strike=False)
    order, _ = feed.order("C6", day(6, 1, 20), lost_after="handed_over", told=True)
    # C7 to C10: delivered, says the carrier. C7 takes it back in the evening: the neighbour had it.
    for id, market, language in (("C7", "IE", "en"), ("C8", "PL", "pl"), ("C9", "LT", "ru"), ("C10", "LT", "lt")):
        feed.customer(id, market, "basic", language)
        placed = day(1 + int(id[1:]) - 6, 0, 18)
        feed.order(id, placed)
        say(feed, id, working_day(placed, 2) + timedelta(hours=18, minutes=20), NOT_RECEIVED, "delivery", "chat")
    feed.action("contact", "IE", day(2, 2, 19), care, "promise_and_parcel/says_not_received", {"customer": "C7"})
    feed.action("close", "IE", day(2, 2, 19, 5), care, "promise_and_parcel/says_not_received", {"customer": "C7"}, outcome="the neighbour had it")


def return_stories(feed):
    # C11: the money is six working days late, somebody answers. C12: nobody does, and the care lead hears of it.
    feed.customer("C11", "IE", "plus", "en")
    feed.order("C11", day(1, 1, 19), back=("A6", "damaged", 6))
    feed.customer("C12", "PL", "club", "pl")
    order, _ = feed.order("C12", day(2, 1, 19), back=("A9", "quality", 8))
    feed.action("acknowledge", "PL", day(4, 3, 16), "refunds@example.test", "returns_and_refunds/refund_overdue", {"order": order})
    # C13 to C16 find that the city shoe runs small; C17 to C20 that the boot does, which is not sold any more.
    for product, first, week in (("A2", 13, 3), ("A3", 17, 5)):
        for place, market in enumerate(("PL", "LT", "PL", "IE")):
            id = f"C{first + place}"
            feed.customer(id, market, "basic", MARKETS[market][3].split()[0])
            feed.order(id, day(week, place, 17), back=(product, "size", 2))
    feed.facts("product", "A3", day(5, 0, 9), stopped=True)
    # C21 gives one star, is helped, and gives five.
    feed.customer("C21", "LT", "plus", "lt")
    review(feed, "C21", day(2, 5, 12), "A7", 1, REVIEW_BAD["lt"][0])
    review(feed, "C21", day(5, 5, 12), "A7", 5, "Atsiuntė naują komplektą per tris dienas, ačiū!")


def product_stories(feed):
    # The kettle smokes: paused at once; a second review two hours later finds quality already at it.
    feed.customer("C22", "IE", "basic", "en")
    feed.customer("C23", "PL", "basic", "pl")
    review(feed, "C22", day(4, 2, 19), "A5", 1, DANGER["en"][0])
    feed.action("acknowledge", "PL", day(4, 2, 20, 40), "quality@example.test", "product_and_partner/danger_in_words", {"product": "A5"})
    review(feed, "C23", day(4, 2, 22), "A5", 1, DANGER["pl"][1])
    feed.facts("product", "A5", day(5, 0, 10), stopped=False)
    # On a Sunday nobody answers for two hours.
    feed.customer("C24", "LT", "basic", "lt")
    review(feed, "C24", day(6, 6, 14), "A8", 2, DANGER["lt"][0])
    # V4 has been on notice since September, has become better, and comes off it in the seventh week.
    feed.facts("partner", "V4", START + timedelta(hours=2), on_notice=True)
    feed.facts("partner", "V4", day(7, 4, 12), on_notice=False)


def promotion_stories(feed):
    # The busiest Friday: payments fail in Poland, get better, fail again. Nobody answers the first time.
    for minute, failed in ((0, 3), (5, 9.5), (10, 14), (20, 7), (25, 11), (30, 2), (40, 8), (45, 12), (50, 3)):
        feed.signal("checkout_reading", "PL", day(7, 4, 20, minute), market="PL", failed=failed)
    feed.action("acknowledge", "PL", day(7, 4, 20, 48), "shop.operations@example.test", "promotions_and_basket/payments_fail", {"market": "PL"})
    # The Sunday before, the payment page was rebuilt at night, as announced.
    feed.facts("market", "PL", day(6, 6, 2), maintenance=True)
    feed.signal("checkout_reading", "PL", day(6, 6, 2, 10), market="PL", failed=100)
    feed.signal("checkout_reading", "PL", day(6, 6, 3), market="PL", failed=0)
    feed.facts("market", "PL", day(6, 6, 3, 5), maintenance=False)
    # C25 meets the broken payment page that Friday and gives up; C26 orders after all; C27's card is the bank's business.
    feed.customer("C25", "PL", "plus", "ru")
    feed.customer("C26", "PL", "basic", "pl")
    feed.customer("C27", "PL", "basic", "pl")
    feed.of("cart_error", "C25", day(7, 4, 20, 12), error="payment_page")
    feed.of("cart_error", "C26", day(7, 4, 20, 13), error="payment_page")
    feed.order("C26", day(7, 4, 20, 55))
    feed.of("cart_error", "C27", day(7, 4, 20, 14), error="card_declined")
    feed.customer("C28", "LT", "basic", "lt")
    feed.of("cart_error", "C28", day(3, 1, 14), error="voucher")
    # C29, a club customer, feels left out, and then the voucher does not work either: a person is on it already.
    feed.customer("C29", "IE", "club", "en")
    say(feed, "C29", day(7, 1, 9, 15), LEFT_OUT, "newsletter")
    feed.of("cart_error", "C29", day(7, 1, 11), error="voucher")
    feed.action("contact", "IE", day(7, 1, 15), "campaigns.ie@example.test", "promotions_and_basket/left_out", {"customer": "C29"})
    feed.action("close", "IE", day(7, 1, 15, 10), "campaigns.ie@example.test", "promotions_and_basket/left_out", {"customer": "C29"}, outcome="same offer given")
    # C30 writes twice and is answered once; C31 ordered for the first time in October.
    feed.customer("C30", "LT", "plus", "ru")
    say(feed, "C30", day(6, 3, 12), LEFT_OUT, "newsletter")
    say(feed, "C30", day(7, 3, 12), LEFT_OUT, "newsletter")
    feed.customer("C31", "PL", "basic", "pl")
    say(feed, "C31", day(7, 0, 13), LEFT_OUT, "newsletter")
    # The night after the prices fell: C30, C31 and C28 bought a few days too early; for C27 it is small change.
    for id, difference, days in (("C30", "24.00 EUR", 2), ("C31", "48.00 PLN", 7), ("C28", "15.50 EUR", 4), ("C27", "8.00 PLN", 1), ("C26", "60.00 PLN", 9)):
        feed.of("promotion_missed", id, day(7, 1, 3), product=pick(["A1", "A7"]), difference=difference, days=days)
    missed = feed.of("promotion_missed", "C29", day(7, 1, 3), product="A7", difference="30.00 EUR", days=5)
    feed.again(missed, timedelta(minutes=20))


def close_stories(feed):
    # The chat of the busiest Friday, in Ireland and, twice within two hours, in Poland.
    for market, waits in (("IE", (2, 4, 5, 6, 4, 2)), ("PL", (4, 6, 6, 2, 4, 5, 7, 2))):
        for place, wait in enumerate(waits):
            feed.signal("chat_reading", market, day(7, 4, 18, 0) + timedelta(minutes=6 * place), market=market, wait=wait)
    # C32 orders for the fourth time and finds a card in the box; C33 as well, but has a complaint open.
    feed.customer("C32", "LT", "club", "lt")
    feed.customer("C33", "PL", "club", "pl")
    for week in (1, 3, 4, 6):
        feed.order("C32", day(week, 2, 20))
        feed.order("C33", day(week, 3, 20), lost_after="in_transit" if week == 4 else None, told=week == 4)
    # C34 recommended C35 and C36; C35's thanks come, C36's would be the second within two months.
    feed.customer("C34", "LT", "plus", "ru")
    feed.customer("C35", "LT", "basic", "ru", referred_by="C34")
    feed.customer("C36", "LT", "basic", "lt", referred_by="C34")
    feed.order("C35", day(1, 4, 18), first=True)
    feed.order("C36", day(5, 1, 18), first=True)
    # C37 wants no letters. C38's friend C39 is disappointed two days later, and nobody cheers.
    feed.customer("C37", "IE", "club", "en", newsletter=False)
    feed.customer("C40", "IE", "basic", "en", referred_by="C37")
    feed.order("C40", day(2, 3, 18), first=True)
    feed.customer("C38", "PL", "club", "pl")
    feed.customer("C39", "PL", "basic", "pl", referred_by="C38")
    feed.order("C39", day(3, 0, 18), first=True)
    review(feed, "C39", day(3, 3, 21), "A4", 2, REVIEW_BAD["pl"][1])


def make():
    feed = Feed()
    products(feed)
    customers(feed)
    for part in (orders, reviews, answers, messages, readings, promise_stories, return_stories, product_stories,
                 promotion_stories, close_stories):
        part(feed)
    lines = sorted(feed.lines, key=lambda entry: entry[:2])
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for _, _, line in lines)


if __name__ == "__main__":
    text = make()
    if "--check" in sys.argv[1:]:
        sys.exit(0 if OUT.read_text(encoding="utf-8") == text else "eight_weeks.jsonl is not what make_feed.py writes")
    OUT.write_text(text, encoding="utf-8")
